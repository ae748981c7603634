internal import Runtime
internal import Store
internal import Wire

/// Connection-state recovery: a client that was lost comes back to its rooms, and to every event that it missed.
/// https://socket.io/docs/v4/connection-state-recovery
///
/// The store knows who was in which room at each number of its order, and the outbox what was said there. So it does not
/// matter which host the client was on, or whether that host still lives.
extension Host {
    /// The connection that a client may go on with, and the last number it has got. Nil where it begins anew.
    func resumption(
        of connectionID: String?, after offset: String?, in namespace: String, by credential: Event.Credential
    ) -> (id: String, after: Int64)? {
        guard let connectionID, case .token(let token) = credential,
            let stored = try? invoker.state.connection(id: connectionID), stored.namespace == namespace,
            let claims = try? invoker.identify(token), claims.subject == stored.subject
        else { return nil }
        if let lostAt = stored.lostAt, invoker.platform.now() > lostAt + settings.recoveryWindow {
            return nil
        }
        // A client that has got nothing yet names no offset: it goes on from where it began.
        guard let offset else { return (connectionID, stored.since) }
        guard let number = Int64(offset), number >= stored.since else { return nil }
        return (connectionID, number)
    }

    /// The store has given a connection its rooms again, on this host or on another.
    func resumed(_ connectionID: String, host: String, rooms: [String], at number: Int64) {
        guard let socket = socketsByConnectionID[connectionID].flatMap({ sockets[$0] }) else { return }
        guard host == id else { return supplant(socket) }
        for room in rooms { self.rooms.join(room, socket.key) }
        socket.resumption?.at = number
        resumeIfReady(socket)
    }

    /// Answers the client once `$connect` has let it in and its rooms are there, whichever comes last. What is said
    /// in its rooms meanwhile is held.
    func resumeIfReady(_ socket: Socket) {
        guard let resumption = socket.resumption, resumption.isGranted, let end = resumption.at else {
            return
        }
        socket.resumption = nil
        underWay { [key = socket.key] host in
            var packets: [OutgoingPacket] = []
            var bytes = 0
            var next = resumption.after
            while next < end {
                guard let socket = host.sockets[key],
                    let missed = try? host.invoker.state.missed(
                        connection: socket.connectionID, after: next, through: end,
                        scanning: host.limits.scannedEffects)
                else { break }
                for effect in missed.effects {
                    guard case .emit(let emit) = effect.kind, emit.answerWithin == nil else { continue }
                    var delivery = Delivery(emit, number: effect.number)
                    packets.append(delivery.packet(for: socket))
                    bytes += packets.last?.byteCount ?? 0
                }
                guard missed.through > next, bytes <= host.settings.sendQueue else { break }
                next = missed.through
                await Task.yield()
            }
            guard let socket = host.sockets[key], socket.stage == .connecting else { return }
            if next >= end {
                host.connected(socket, missed: packets)
            } else {
                // Too much to tell, or not to be read: it begins anew.
                host.abandon(socket)
            }
        }
    }

    /// Forgets a connection whose missed events cannot be told, so that its client comes back as a new one.
    private func abandon(_ socket: Socket) {
        socket.stage = .connected
        openSockets += 1
        let link = socket.link
        leave(socket, .parseError)
        drop(link, .transportClose)
    }
}
