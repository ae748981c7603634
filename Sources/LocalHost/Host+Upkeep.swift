internal import Net
internal import Base
internal import Ledger
internal import Runtime

/// What a host does from time to time.
extension Host {
    func startUpkeep() {
        every(limits.catchUp) { $0.invoker.state.catchUp() }
        every(limits.heartbeat) { host in
            host.trimMemory()
            host.underWay { host in
                do {
                    if try await !host.beat() { await host.compare(isBack: true) }
                } catch { host.complain("The heartbeat could not be recorded", error) }
            }
        }
        every(limits.storeCheck) { host in host.underWay { await $0.checkStore() } }
        every(limits.comparison) { host in host.underWay { await $0.compare(isBack: false) } }
        every(limits.trimInterval) { host in
            host.underWay { host in
                do { try await host.trim() } catch { host.complain("The store could not be trimmed", error) }
            }
        }
    }

    /// Says that this host lives; whether it counted as alive before.
    func beat() async throws -> Bool {
        let now = invoker.platform.now()
        return try await invoker.state.heartbeat(host: id, now: now, expiresAt: now + limits.lease)
    }

    private func trim() async throws {
        let now = invoker.platform.now()
        // A client is seen to be lost no sooner than a ping and its time-out later; until then what was sent may not
        // have arrived. Somewhat longer, so that nothing goes while a client is just coming back.
        let lost = settings.recoveryWindow + limits.trimMargin
        let effects = lost + settings.pingInterval + settings.pingTimeout
        try await invoker.state.trim(
            now: now, effectsBefore: now + (.zero - effects), connectionsLostBefore: now + (.zero - lost))
    }

    /// Sees whether the store still keeps its promises; told once when it does not.
    private func checkStore() async {
        do throws(StoreError) {
            try await invoker.state.check()
            storeHasFailed = false
        } catch {
            if error == .busy || error == .closed { return }
            complain("The store cannot be used: nothing is accepted", error)
            storeHasFailed = true
        }
    }

    /// Logs an error of upkeep; not of a store that is known to have failed, which fails at everything.
    func complain(_ message: String, _ error: any Error) {
        if storeHasFailed { return }
        log.write(.error, message, [("error", .string("\(error)"))], at: invoker.platform.now())
    }

    // MARK: Deadlines

    /// Has the loop call when the next connection or link is to be looked at.
    func armDeadlines() {
        guard let next = deadlines.next else { return }
        if let timer = deadlineTimer {
            guard next < timer.at else { return }
            loop.cancel(timer.id)
        }
        let id = loop.schedule(after: next - invoker.platform.uptime()) { [weak self] in
            self?.assumeIsolated { host in
                host.deadlineTimer = nil
                host.lookAround()
            }
        }
        deadlineTimer = (next, id)
    }

    /// Looks at whose deadline has come.
    private func lookAround() {
        now = invoker.platform.uptime()
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

    private func every(_ period: Duration, _ action: @escaping @Sendable (isolated Host) -> Void) {
        guard !isStopping else { return }
        _ = loop.schedule(after: period) { [weak self] in
            self?.assumeIsolated { host in
                guard !host.isStopping else { return }
                action(host)
                host.every(period, action)
            }
        }
    }
}
