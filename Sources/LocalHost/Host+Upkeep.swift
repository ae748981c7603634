internal import Net
internal import Base
internal import Ledger
internal import Runtime

/// When connections and links are to be looked at.
extension Serving {
    /// Has the loop call when the next connection or link is to be looked at.
    func armDeadlines() {
        guard let next = deadlines.next else { return }
        if let timer = deadlineTimer {
            guard next < timer.at else { return }
            loop.cancel(timer.id)
        }
        let id = loop.callLater(after: next - invoker.platform.uptime()) { [weak self] in
            self?.here { host in
                host.deadlineTimer = nil
                host.lookAround()
            }
        }
        deadlineTimer = (next, id)
    }

    /// Looks at whose deadline has come.
    private func lookAround() {
        core.turnBegins()
        var due: [DeadlineQueue.Key] = []
        while let key = deadlines.takeDue(now) { due.append(key) }
        for key in due {
            if let connection = connections[key] {
                look(at: connection)
            } else if let link = links[key & ~(1 << 63)] {
                look(at: link)
            }
        }
    }
}
