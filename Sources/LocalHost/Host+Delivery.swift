internal import Store
internal import Wire

/// Following the store: what has been committed reaches this host's sockets, and wakes its queues.
extension Host {
    /// Does to this host's sockets what has been committed, and starts the jobs.
    func follow(_ committed: Committed) {
        for effect in committed.effects {
            switch effect.kind {
            case .emit(let emit): deliver(emit)
            case .join(let room, let whom): for id in sockets(of: whom) { rooms.join(room, id) }
            case .leave(let room, let whom): for id in sockets(of: whom) { rooms.leave(room, id) }
            }
        }
        wakeQueues(committed.queues)
    }

    private func sockets(of whom: UnitOfWork.Connections) -> [UInt64] {
        switch whom {
        case .connection(let id): socketsByConnectionID[id].map { [$0] } ?? []
        case .subject(let id): Array(socketsBySubject[id] ?? [])
        }
    }

    private func deliver(_ emit: Emit) {
        let targets = rooms.sockets(in: emit.rooms, except: emit.except)
        guard !targets.isEmpty else { return }
        // Encoded once for all.
        let packet = SocketIOPacket.event(emit.event, json: [emit.json])
        let frame = WebSocketEncoder.text(EngineIOPacket.message(packet.encoded()).encoded())
        for id in targets {
            guard let connection = connections[id], let socket = connection.socket, !connection.isClosing
            else {
                continue
            }
            if socket.stage == .connected {
                connection.output += frame
                markDirty(connection)
            } else if socket.stage == .connecting {
                guard socket.held.count < limits.queuedEvents else {
                    closeSocket(
                        connection, socket, code: 1013,
                        reason: "too much to tell before the connect is answered")
                    continue
                }
                socket.held.append(frame)
            }
        }
    }
}
