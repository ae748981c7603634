internal import Glibc
internal import Runtime
internal import Store
internal import Wire

/// Accepting, reading, writing and closing.
extension Host {
    func acceptConnections() {
        guard let listener else { return }
        do throws(HostError) {
            while connections.count < limits.connections {
                guard let (descriptor, address) = try listener.accept() else { return }
                lastConnection += 1
                let connection = Connection(
                    id: lastConnection, descriptor: descriptor, address: address, limits: httpLimits)
                connection.deadline = now + limits.idleTime
                do throws(HostError) {
                    try loop.watch(descriptor, for: .read, token: connection.id)
                } catch {
                    Glibc.close(descriptor)
                    throw error
                }
                connections[connection.id] = connection
            }
            pauseAccepting()
        } catch {
            log.write(
                .error, "Connections cannot be accepted", [("error", .string(error.description))],
                at: invoker.platform.now())
            pauseAccepting()
        }
    }

    /// Leaves waiting connections to the kernel until one of ours has closed (`resumeAccepting`, from the sweep).
    private func pauseAccepting() {
        guard let listener, isAccepting else { return }
        isAccepting = false
        loop.change(listener.descriptor, to: [], token: Self.listenerToken)
    }

    private func resumeAccepting() {
        guard let listener, !isAccepting, connections.count < limits.connections else { return }
        isAccepting = true
        loop.change(listener.descriptor, to: .read, token: Self.listenerToken)
    }

    func ready(_ connection: Connection, _ events: ReadyEvents) {
        if events.contains(.write) { send(connection) }
        if events.contains(.read) {
            read(connection)
        } else if !events.isDisjoint(with: .hangup) {
            close(connection)
        }
    }

    private func read(_ connection: Connection) {
        let outcome: Int = unsafe withUnsafeTemporaryAllocation(
            byteCount: limits.readBytes, alignment: 1
        ) { buffer in
            let count = unsafe recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return count }
            guard !connection.isClosing else { return count }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if let socket = connection.socket {
                unsafe socket.decoder.append(bytes)
            } else {
                unsafe connection.parser?.append(bytes)
            }
            return count
        }
        if outcome > 0 {
            guard !connection.isClosing else { return }
            if let socket = connection.socket {
                advance(connection, socket)
            } else {
                advance(connection)
            }
        } else if outcome == 0 {
            connection.peerHasEnded = true
            // A client may end its side and still wait for the answer.
            if connection.isBusy { watch(connection) } else { close(connection) }
        } else if errno != EAGAIN && errno != EINTR {
            close(connection)
        }
    }

    /// Sends at the end of the turn, together with whatever else this turn brings.
    func markDirty(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection.id)
    }

    /// Sends what this turn has brought.
    func flush() {
        guard !dirty.isEmpty else { return }
        let ids = dirty
        dirty.removeAll(keepingCapacity: true)
        for id in ids {
            guard let connection = connections[id] else { continue }
            connection.isDirty = false
            send(connection)
        }
    }

    private func send(_ connection: Connection) {
        while connection.waitingBytes > 0 {
            let sent = unsafe connection.output.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    connection.descriptor, bytes.baseAddress.map { unsafe $0 + connection.sent },
                    connection.waitingBytes, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 {
                connection.sent += sent
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                close(connection)
                return
            }
        }
        if connection.waitingBytes == 0 {
            connection.output.removeAll(keepingCapacity: connection.output.capacity <= 16_384)
            connection.sent = 0
            if connection.isClosing {
                endSending(connection)
                return
            }
        } else if connection.waitingBytes > limits.sendBytes {
            // A reader so slow that it would hold memory without end.
            close(connection)
            return
        }
        watch(connection)
    }

    /// Ends our side, and leaves the peer time to end its own.
    ///
    /// To close at once would reset the connection where bytes have come that nobody has read, and a reset can take
    /// the answer from the peer's hands (RFC 9112 section 9.6). A WebSocket is closed at once: here both close frames
    /// have passed, the client's last, and many clients wait for us (RFC 6455 section 7.1.1).
    private func endSending(_ connection: Connection) {
        guard connection.socket == nil, !connection.peerHasEnded, shutdown(connection.descriptor, Int32(SHUT_WR)) == 0 else {
            close(connection)
            return
        }
        connection.deadline = now + limits.lingerTime
        watch(connection)
    }

    /// Tells the loop what this connection waits for.
    func watch(_ connection: Connection) {
        var interest: ReadyEvents = []
        let isFull = connection.isBusy && (connection.parser?.bufferedBytes ?? 0) > limits.pipelinedBytes
        let hasBacklog = (connection.socket?.waiting.count ?? 0) >= limits.queuedEvents
        if !connection.peerHasEnded && !isFull && !hasBacklog { interest.insert(.read) }
        if connection.waitingBytes > 0 { interest.insert(.write) }
        guard interest != connection.interest else { return }
        connection.interest = interest
        loop.change(connection.descriptor, to: interest, token: connection.id)
    }

    func close(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        loop.forget(connection.descriptor)
        Glibc.close(connection.descriptor)
        if let socket = connection.socket { ended(socket, connection) }
        continueStop()
    }

    /// Closes what has run out of time. Called a few times a second.
    func sweep() {
        now = invoker.platform.uptime()
        for connection in Array(connections.values) {
            if let socket = connection.socket {
                sweep(connection, socket)
            } else if now >= connection.deadline && !connection.isBusy {
                if connection.isReceivingRequest && !connection.isClosing {
                    refuse(connection, Problem(.timeout, "The request took longer than \(limits.requestTime)."))
                } else {
                    close(connection)
                }
            }
        }
        if connections.count < limits.connections { resumeAccepting() }
    }
}
