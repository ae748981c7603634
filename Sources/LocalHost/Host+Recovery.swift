internal import Ledger
internal import Base
internal import Runtime

/// Connection-state recovery: a client that was lost comes back to its rooms, and to every event that it missed.
/// https://socket.io/docs/v4/connection-state-recovery
///
/// The store knows who was in which room at each number of its order, and the outbox what was said there. So it does not
/// matter which host the client was on, or whether that host still lives.
extension Serving {
    /// Where a client may go on that asks to come back. Nil where it begins anew: its connection is not there, is
    /// another's or was lost too long ago, or what it missed has been dropped.
    func resumption(of wish: Socket.Wish, in namespace: String) async -> Socket.Resumption? {
        guard let stored = try? await invoker.state.connection(id: wish.connectionID),
            stored.namespace == namespace,
            let claims = try? await invoker.identify(wish.token), claims.subject == stored.subject
        else { return nil }
        if let lostAt = stored.lostAt, invoker.platform.now() > lostAt + settings.recoveryWindow {
            return nil
        }
        // A client that has got nothing yet names no offset, or that of the connection it had before this one: it goes
        // on from where this one began.
        let after = max(wish.offset ?? stored.since, stored.since)
        guard
            let missed = try? await invoker.state.missed(
                connection: stored.id, after: after, through: after, scanning: 1), !missed.hasGap
        else { return nil }
        return Socket.Resumption(after: after, since: stored.since)
    }

    /// Gives a socket that asks to come back the id that it had, where it may: it waits for that id's turn then. The place
    /// may still be held by the socket that it had before.
    func takeUpWish(of socket: Socket) async {
        guard let wish = socket.connecting?.wish else { return }
        guard await resumption(of: wish, in: socket.namespace) != nil else {
            socket.connecting?.wish = nil
            return
        }
        guard socket.life.isWaiting else { return }
        socketsByConnectionID[socket.connectionID] = nil
        if let before = socketsByConnectionID[wish.connectionID].flatMap({ sockets[$0] }) {
            supplant(before)
        }
        socket.connectionID = wish.connectionID
        socketsByConnectionID[socket.connectionID] = socket.key
    }

    /// Whether a socket whose turn has come still finds what it wished to come back to. If not it gets an id of its own.
    func mayReturn(_ socket: Socket) async -> Bool {
        guard let connecting = socket.connecting, let wish = connecting.wish else { return false }
        connecting.resumption = await resumption(of: wish, in: socket.namespace)
        guard connecting.resumption == nil else { return true }
        connecting.wish = nil
        if socketsByConnectionID[socket.connectionID] == socket.key {
            socketsByConnectionID[socket.connectionID] = nil
        }
        if socket.hasID { ids.leave(socket.connectionID) }
        socket.connectionID = connectionID()
        socket.hasID = ids.take(socket.connectionID)
        socketsByConnectionID[socket.connectionID] = socket.key
        return false
    }

    /// Whether what `$connect` has recorded is the connection that the client asked for, and not another of that id.
    func isSameConnection(_ socket: Socket) async -> Bool {
        guard let resumption = socket.connecting?.resumption else { return true }
        return (try? await invoker.state.connection(id: socket.connectionID))?.since == resumption.since
    }

    /// The store has given a connection its rooms again, on this host or on another.
    func resumed(_ connectionID: String, host: String, rooms: [String], at number: Int64) {
        guard let socket = socketsByConnectionID[connectionID].flatMap({ sockets[$0] }) else { return }
        guard host == id else { return supplant(socket) }
        for room in rooms { self.rooms.join(room, socket.key) }
        socket.connecting?.resumption?.at = number
        tell(socket, .roomsBack)
    }

    /// Reads what a client has missed, up to where it has its rooms again. What is said in them meanwhile is held.
    func catchUp(_ key: UInt64) async {
        guard let resumption = sockets[key]?.connecting?.resumption, let end = resumption.at else { return }
        var packets: [OutgoingPacket] = []
        var bytes = 0
        var next = resumption.after
        var isLost = false
        while next < end, !isLost {
            guard let socket = sockets[key], !socket.life.isGone,
                let missed = try? await invoker.state.missed(
                    connection: socket.connectionID, after: next, through: end,
                    scanning: limits.scannedEffects)
            else {
                isLost = true
                break
            }
            for effect in missed.effects {
                guard case .emit(let emit) = effect.kind, emit.answerWithin == nil else { continue }
                var delivery = Delivery(emit, number: effect.number)
                packets.append(delivery.packet(for: socket))
                bytes += packets.last?.byteCount ?? 0
            }
            isLost = missed.hasGap || missed.through <= next || bytes > settings.sendQueue
            next = missed.through
            await Task.yield()
        }
        guard let socket = sockets[key] else { return }
        socket.connecting?.missed = isLost ? [] : packets
        // Where there is too much to tell, or it is not to be read, it begins anew.
        tell(socket, isLost ? .lost : .caughtUp)
    }
}
