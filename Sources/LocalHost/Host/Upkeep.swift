internal import Base
internal import CLinux
internal import Ledger
internal import Runtime

/// What a host does from time to time.
final class Upkeep {
    private let core: HostCore
    private let shares: ClientShares
    private let departures: Departures

    init(_ core: HostCore, _ shares: ClientShares, _ departures: Departures) {
        self.core = core
        self.shares = shares
        self.departures = departures
    }

    func start() {
        let limits = core.limits
        core.every(limits.catchUp) { [engine = core.engine] in engine.state.catchUp() }
        core.every(limits.storeCheck) { [core] in core.tasks.start { await core.checkStore() } }
        core.every(limits.heartbeat) { [weak self] in self?.heartbeat() }
        core.every(limits.comparison) { [core, weak departures] in
            core.tasks.start { await departures?.compare(isBack: false) }
        }
        core.every(limits.trimInterval) { [core, weak self] in
            core.tasks.start { await self?.trim() }
        }
    }

    /// Says that this host lives; whether it counted as alive before.
    func beat() async throws -> Bool {
        let now = core.wallClock
        return try await core.engine.state.heartbeat(
            host: core.id, now: now, expiresAt: now + core.limits.lease)
    }

    private func heartbeat() {
        if shares.hasPeakBehind(of: core.limits.trimmedPeak) { clinux_trim_memory() }
        core.tasks.start {
            do {
                if try await !self.beat() { await self.departures.compare(isBack: true) }
            } catch { self.core.complain("The heartbeat could not be recorded", error) }
        }
    }

    private func trim() async {
        let now = core.wallClock
        // A client is seen to be lost no sooner than a ping and its time-out later; until then what was sent may not
        // have arrived. Somewhat longer, so that nothing goes while a client is just coming back.
        let lost = core.settings.recoveryWindow + core.limits.trimMargin
        let effects = lost + core.settings.pingInterval + core.settings.pingTimeout
        do {
            try await core.engine.state.trim(
                now: now, effectsBefore: now + (.zero - effects), connectionsLostBefore: now + (.zero - lost))
        } catch { core.complain("The store could not be trimmed", error) }
    }
}
