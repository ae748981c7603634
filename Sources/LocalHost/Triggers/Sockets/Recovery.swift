internal import Base
internal import Ledger
internal import Runtime

/// Connection-state recovery: a client that was lost comes back to its rooms, and to every event that it missed.
/// https://socket.io/docs/v4/connection-state-recovery
///
/// The store knows who was in which room at each number of its order, and the outbox what was said there. So it does not
/// matter which host the client was on, or whether that host still lives.
final class Recovery {
    private let core: HostCore

    init(_ core: HostCore) { self.core = core }

    /// Where a client may go on that asks to come back. Nil where it begins anew: its connection is not there, is
    /// another's or was lost too long ago, or what it missed has been dropped.
    func resumption(of wish: Socket.Wish, in namespace: String) async -> Socket.Resumption? {
        let state = core.engine.state
        guard let stored = try? await state.connection(id: wish.connectionID), stored.namespace == namespace,
            let claims = try? await core.engine.identify(wish.token), claims.subject == stored.subject
        else { return nil }
        if let lostAt = stored.lostAt, core.wallClock > lostAt + core.settings.recoveryWindow {
            return nil
        }
        // A client that has got nothing yet names no offset, or that of the connection it had before this one: it goes
        // on from where this one began.
        let after = max(wish.offset ?? stored.since, stored.since)
        guard
            let missed = try? await state.missed(
                connection: stored.id, after: after, through: after, scanning: 1), !missed.hasGap
        else { return nil }
        return Socket.Resumption(after: after, since: stored.since)
    }

    /// Whether what `$connect` has recorded is the connection that the client asked for, and not another of that id.
    func isSameConnection(_ socket: Socket) async -> Bool {
        guard let resumption = socket.connecting?.resumption else { return true }
        return (try? await core.engine.state.connection(id: socket.connectionID))?.since == resumption.since
    }

    /// What a client has missed, up to where it has its rooms again; nil where there is too much to tell, or it is not to
    /// be read.
    func missed(by socket: Socket, _ resumption: Socket.Resumption, through end: Int64) async
        -> [OutgoingPacket]?
    {
        var packets: [OutgoingPacket] = []
        var bytes = 0
        var next = resumption.after
        while next < end {
            guard !socket.life.isGone,
                let missed = try? await core.engine.state.missed(
                    connection: socket.connectionID, after: next, through: end,
                    scanning: core.limits.scannedEffects)
            else { return nil }
            for effect in missed.effects {
                guard case .emit(let emit) = effect.kind, emit.answerWithin == nil else { continue }
                var delivery = Delivery(emit, number: effect.number)
                packets.append(delivery.packet(for: socket))
                bytes += packets.last?.byteCount ?? 0
            }
            if missed.hasGap || missed.through <= next || bytes > core.settings.sendQueue { return nil }
            next = missed.through
            await Task.yield()
        }
        return packets
    }
}
