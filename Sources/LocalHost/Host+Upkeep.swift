internal import Runtime
internal import Store

/// What a host does from time to time.
extension Host {
    func startUpkeep() {
        every(.milliseconds(250)) { $0.sweep() }
        every(limits.catchUp) { $0.invoker.state.catchUp() }
        every(limits.heartbeat) { host in
            host.underWay { host in
                do { try await host.beat() } catch {
                    host.complain("The heartbeat could not be recorded", error)
                }
            }
        }
        every(.seconds(30)) { host in
            host.underWay { host in
                do { try await host.trim() } catch { host.complain("The store could not be trimmed", error) }
            }
        }
    }

    func beat() async throws {
        let now = invoker.platform.now()
        try await invoker.state.heartbeat(host: id, now: now, expiresAt: now + limits.lease)
    }

    private func trim() async throws {
        let now = invoker.platform.now()
        // A client is seen to be lost no sooner than a ping and its time-out later; until then what was sent may not
        // have arrived. Somewhat longer, so that nothing goes while a client is just coming back.
        let lost = settings.recoveryWindow + .seconds(30)
        let effects = lost + settings.pingInterval + settings.pingTimeout
        try await invoker.state.trim(
            now: now, effectsBefore: now + (.zero - effects), connectionsLostBefore: now + (.zero - lost))
    }

    private func complain(_ message: String, _ error: any Error) {
        log.write(.error, message, [("error", .string("\(error)"))], at: invoker.platform.now())
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
