internal import Net
internal import Base
internal import Ledger
internal import Runtime

/// Following the store: what has been committed reaches this host's sockets, and wakes its queues.
extension Serving {
    /// Does to this host's sockets what has been committed, and starts the jobs.
    func follow(_ committed: Committed) {
        for effect in committed.effects {
            switch effect.kind {
            case .emit(let emit): deliver(emit, number: effect.number)
            case .join(let room, let whom):
                for key in sockets(of: whom, in: RoomName.namespace(of: room)) { rooms.join(room, key) }
            case .leave(let room, let whom):
                for key in sockets(of: whom, in: RoomName.namespace(of: room)) { rooms.leave(room, key) }
            case .resumed(let connection, let host, let rooms):
                resumed(connection, host: host, rooms: rooms, at: effect.number)
            case .close(let whom, let reason):
                for key in sockets(of: whom, in: nil) {
                    if let socket = sockets[key] { disconnect(socket, code: 1008, reason) }
                }
            case .sessionEnded(let session):
                for socket in Array(sockets.values)
                where socket.claims?.session == session && !socket.life.isGone {
                    endToken(socket, "revoked")
                }
            }
        }
        for trigger in triggers { trigger.follow(committed) }
    }

    /// The keys of those meant, in one namespace or in any.
    private func sockets(of whom: UnitOfWork.Connections, in namespace: String?) -> [UInt64] {
        switch whom {
        case .connection(let id): socketsByConnectionID[id].map { [$0] } ?? []
        case .subject(let id):
            (socketsBySubject[id] ?? []).filter {
                namespace == nil || sockets[$0]?.namespace == namespace
            }
        }
    }

    /// Sends an event to those of this host's sockets that it is for. `number` is 0 for what is not kept.
    func deliver(_ emit: Emit, number: Int64) {
        var targets = rooms.sockets(in: emit.rooms, except: emit.except)
        // Each socket is in a room of its own name.
        for room in emit.rooms { if let key = socketsByConnectionID[room] { targets.insert(key) } }
        for room in emit.except { if let key = socketsByConnectionID[room] { targets.remove(key) } }
        guard !targets.isEmpty else { return }
        var delivery = Delivery(emit, number: number)
        for key in targets {
            guard let socket = sockets[key], !socket.link.isClosing else { continue }
            let isQuestion = ask(emit, number, socket)
            tell(socket, delivery.packet(for: socket, isQuestion: isQuestion), isVolatile: emit.isVolatile)
        }
    }

    /// Notes that an answer is awaited, where a function is there for it.
    private func ask(_ emit: Emit, _ number: Int64, _ socket: Socket) -> Bool {
        guard let time = emit.answerWithin, socket.link.endpoint == nil, socket.life.isOpen,
            socket.questions.count < limits.openQuestions,
            router.function(forEvent: socket.fullName(of: Trigger.acknowledgementPrefix + emit.event)) != nil
        else { return false }
        socket.questions[Int(clamping: number)] = Socket.Question(event: emit.event, deadline: now + time)
        deadlines.plan(ClientShares.entry(ofLink: socket.link.id), by: now + time)
        return true
    }

    private func tell(_ socket: Socket, _ packet: OutgoingPacket, isVolatile: Bool) {
        if socket.life.isOpen {
            return send(packet, to: socket.link, isVolatile: isVolatile, isBroadcast: true)
        }
        // Until it has its rooms again, what is said to it alone is among what it missed.
        guard let connecting = socket.connecting, socket.life.isConnecting, !isVolatile,
            connecting.wish == nil || connecting.resumption?.at != nil
        else { return }
        connecting.held.append(packet)
        connecting.heldBytes += packet.byteCount
        if connecting.heldBytes > settings.sendQueue { turnAway(socket.link) }
    }
}
