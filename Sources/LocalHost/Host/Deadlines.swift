internal import Base
internal import Net
internal import Runtime

/// When each of many is to be looked at, and the one timer for that. Belongs to the loop's thread.
final class Deadlines {
    private let core: HostCore
    private var queue = DeadlineQueue()
    private var timer: (at: Duration, id: TimerID)?
    /// Looks at one whose deadline may have come.
    var look: (UInt64) -> Void = { _ in }

    init(_ core: HostCore) { self.core = core }

    /// Has `id` looked at by `deadline`, if that is not planned already.
    func plan(_ id: UInt64, by deadline: Duration) { queue.plan(id, by: deadline) }

    func forget(_ id: UInt64) { queue.forget(id) }

    /// Has the loop call when the next one is to be looked at. At the end of a turn.
    func arm() {
        guard let next = queue.next else { return }
        if let timer {
            guard next < timer.at else { return }
            core.loop.cancel(timer.id)
        }
        let id = core.loop.callLater(after: next - core.engine.platform.uptime()) { [weak self] in
            self?.timer = nil
            self?.lookAround()
        }
        timer = (next, id)
    }

    private func lookAround() {
        core.turnBegins()
        var due: [UInt64] = []
        while let id = queue.takeDue(core.now) { due.append(id) }
        for id in due { look(id) }
    }
}
