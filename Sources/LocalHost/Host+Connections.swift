internal import Net
internal import Wire
internal import Base
internal import Glibc
internal import Runtime

/// Accepting, reading, writing and closing.
extension Serving {
    func acceptConnections() {
        guard let listener else { return }
        do throws(HostError) {
            // Not all that are there: those who are here already wait for the end of the turn.
            for _ in 0..<limits.acceptedAtOnce {
                guard connections.count < limits.connections else { return pauseAccepting() }
                guard let (descriptor, address) = try listener.accept() else { return }
                if admitsConnection(from: address) {
                    _ = try adopt(descriptor, address: address)
                } else {
                    try turnAway(descriptor, address)
                }
            }
        } catch {
            log.write(
                .error, "Connections cannot be accepted", [("error", .string(error.description))],
                at: invoker.platform.now())
            pauseAccepting()
        }
    }

    /// Makes a connection of a descriptor; closes that where it cannot be watched.
    func adopt(_ descriptor: Int32, address: String) throws(HostError) -> Connection {
        lastConnection += 1
        let connection = Connection(
            id: lastConnection, descriptor: descriptor, address: address, limits: httpLimits,
            credit: TurnCredit(perTurn: limits.turnCredit, turn: turns))
        do throws(HostError) {
            try loop.watch(descriptor, for: .read, token: connection.id)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        connections[connection.id] = connection
        if !clients.trusts(address) {
            shares.connections.take(connection.id, by: AddressBlock.of(address))
        }
        expire(connection, at: now + limits.idleTime)
        return connection
    }

    /// Tells a peer that its address has its share of the connections.
    private func turnAway(_ descriptor: Int32, _ address: String) throws(HostError) {
        guard shares.turnedAway.count < limits.turnedAway else {
            Glibc.close(descriptor)
            return
        }
        let connection = try adopt(descriptor, address: address)
        shares.turnedAway.insert(connection.id)
        refuse(
            connection,
            Problem(.busy, "Too many connections from this address.", retryAfter: limits.retryAfter))
    }

    /// Leaves waiting connections to the kernel until one of ours has closed (`resumeAccepting`).
    private func pauseAccepting() {
        guard let listener, isAccepting else { return }
        isAccepting = false
        loop.change(listener.descriptor, to: [], token: Host.listenerToken)
    }

    private func resumeAccepting() {
        guard let listener, !isAccepting, connections.count < limits.connections else { return }
        isAccepting = true
        loop.change(listener.descriptor, to: .read, token: Host.listenerToken)
    }

    func ready(_ connection: Connection, _ events: ReadyEvents) {
        if events.contains(.write) {
            send(connection)
            weigh(connection)
        }
        // Sending may have closed it, and its descriptor may be somebody else's by now.
        guard connections[connection.id] != nil else { return }
        if events.contains(.read) {
            read(connection)
        } else if !events.isDisjoint(with: .hangup) {
            close(connection)
        }
    }

    private func read(_ connection: Connection) {
        // Where many send much, each turn takes less of each, so that what is short is soon reached.
        let room = max(limits.leastRead, min(limits.readBytes, (limits.turnReadBytes - readBytes) / 4))
        let outcome: Int = unsafe withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
            // Of what is dropped anyway, nothing is copied (tcp(7), MSG_TRUNC).
            let flags = connection.isClosing ? Int32(MSG_TRUNC) : 0
            let count = unsafe recv(connection.descriptor, buffer.baseAddress, buffer.count, flags)
            guard count > 0 else { return count }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if connection.isClosing { return count }
            if let channel = connection.channel {
                unsafe channel.decoder.append(bytes)
            } else {
                unsafe connection.parser?.append(bytes)
            }
            return count
        }
        if outcome > 0 {
            readBytes += outcome
            // Only a peer that goes on sending to a closing connection gets here; it is read so as to see its end, but
            // not for as much as it likes: what is beyond that waits in the kernel until the connection is closed.
            if connection.isClosing {
                connection.droppedBytes += outcome
                if connection.droppedBytes >= limits.droppedBytes { watch(connection) }
                return
            }
            if let channel = connection.channel {
                hears(channel.link)
                advance(connection, channel)
            } else {
                if let link = connection.sender { hears(link) }
                advance(connection)
            }
            weigh(connection)
            // Of what is long, one client's line can bring more than is left for all others' requests.
            if connection.isNoted, connections[connection.id] != nil {
                spend(outcome, of: connection)
                watch(connection)
                // Not only at the end of the turn, which has read more by then.
                relieve()
            }
        } else if outcome == 0 {
            connection.peerHasEnded = true
            // A client may end its side and still wait for the answer, or for the rest of it.
            if connection.isBusy, connection.poll == nil, connection.stream == nil {
                watch(connection)
            } else if connection.waitingBytes > 0, connection.channel == nil {
                closeWhenSent(connection)
            } else {
                close(connection)
            }
        } else if errno != EAGAIN && errno != EINTR {
            close(connection)
        }
    }

    /// Reads no further requests, and closes when the answers have gone out.
    func closeWhenSent(_ connection: Connection) {
        if !connection.isClosing {
            connection.isClosing = true
            expire(connection, at: now + (connection.channel == nil ? limits.idleTime : limits.closeTime))
        }
        markDirty(connection)
    }

    /// Ends our side, and waits a moment for the peer to end its own: to close a descriptor with bytes unread resets the
    /// connection, and a refusal that the peer has not read yet is lost (RFC 9112 section 9.6).
    private func linger(_ connection: Connection) {
        guard !connection.isLingering else { return }
        connection.isLingering = true
        expire(connection, at: now + limits.closeTime)
        shutdown(connection.descriptor, Int32(SHUT_WR))
    }

    /// Sends at the end of the turn, together with whatever else this turn brings.
    func markDirty(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection.id)
    }

    /// Lets the shares in broadcasts go. To write to a socket costs far more than what is written: under load each
    /// write takes along what the next few milliseconds bring.
    func releaseGathered() {
        guard !gathered.isEmpty else { return }
        let uptime = invoker.platform.uptime()
        let wait = lastGathering + limits.gathering - uptime
        if gathered.count < limits.gatheredSockets || wait <= .zero {
            dirty += gathered
            gathered.removeAll(keepingCapacity: true)
            lastGathering = uptime
        } else if gatheringTimer == nil {
            gatheringTimer = loop.callLater(after: wait) { [weak self] in
                self?.here { $0.gatheringTimer = nil }
            }
        }
    }

    /// Sends what this turn has brought.
    func flush() {
        // Sending may let further requests be answered, within this turn still.
        while !dirty.isEmpty {
            let ids = dirty
            dirty.removeAll(keepingCapacity: true)
            for id in ids {
                guard let connection = connections[id] else { continue }
                connection.isDirty = false
                send(connection)
                weigh(connection)
            }
        }
        if onIdle != nil, isDrained { resumeStop() }
    }

    private func send(_ connection: Connection) {
        guard write(connection) else { return close(connection) }
        if connection.waitingBytes == 0 {
            // A WebSocket needs it no more.
            let keepsCapacity = connection.channel == nil && connection.output.capacity <= 16_384
            connection.output.removeAll(keepingCapacity: keepsCapacity)
            connection.sent = 0
            if connection.isClosing, !connection.lingers || connection.peerHasEnded {
                close(connection)
                return
            }
            if let (request, worker) = connection.handedOn {
                return handOn(connection, request, to: worker)
            }
            if connection.isClosing { linger(connection) }
        } else if connection.channel == nil, connection.waitingBytes > limits.sendBytes {
            // A reader so slow that it would hold memory without end.
            close(connection)
            return
        } else if connection.sent >= 65_536, connection.sent >= connection.output.count / 2 {
            // A peer that is always a little behind must not make us keep what it has got.
            connection.output.removeSubrange(..<connection.sent)
            connection.sent = 0
        }
        if connection.channel == nil, connection.poll == nil,
            connection.waitingBytes <= limits.pipelinedBytes,
            connection.peerHasEnded || (connection.parser?.bufferedBytes ?? 0) > 0
        {
            advance(connection)
        }
        watch(connection)
    }

    /// Gives the kernel what waits, as far as it takes it. False where the connection is broken.
    private func write(_ connection: Connection) -> Bool {
        let descriptor = connection.descriptor
        while connection.sent < connection.output.count {
            let output = connection.output
            let sent = write(output.span.extracting(connection.sent...), to: descriptor)
            guard sent >= 0 else { return false }
            guard sent > 0 else { return true }
            connection.sent += sent
        }
        var isBroken = false
        while !connection.frames.isEmpty {
            let isWhole = connection.frames.send(gatheringIn: &scratch) { bytes in
                let sent = write(bytes, to: descriptor)
                isBroken = sent < 0
                return sent
            }
            guard isWhole else { break }
        }
        return !isBroken
    }

    /// How many bytes the kernel took: 0 where it takes none now, -1 where the connection is broken.
    private func write(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int {
        while true {
            let sent = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 { return sent }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return -1 }
        }
    }

    /// Tells the loop what this connection waits for.
    func watch(_ connection: Connection) {
        var interest: ReadyEvents = []
        // One that sends on while its turn is over would be told of again and again.
        if connection.isParked { return park(connection) }
        let isHeldUp = connection.isBusy || connection.waitingBytes > limits.pipelinedBytes
        let isFull = isHeldUp && (connection.parser?.bufferedBytes ?? 0) > limits.pipelinedBytes
        let isBehind = connection.channel.map { hasBacklog($0.link) } ?? false
        let isDone = connection.droppedBytes >= limits.droppedBytes
        if !connection.peerHasEnded && !isFull && !isDone && (!isBehind || connection.isClosing) {
            interest.insert(.read)
        }
        if connection.waitingBytes > 0 { interest.insert(.write) }
        guard interest != connection.interest else { return }
        connection.interest = interest
        loop.change(connection.descriptor, to: interest, token: connection.id)
    }

    private func park(_ connection: Connection) {
        let interest: ReadyEvents = connection.waitingBytes > 0 ? .write : []
        guard interest != connection.interest else { return }
        connection.interest = interest
        loop.change(connection.descriptor, to: interest, token: connection.id)
    }

    func close(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        shares.connections.leave(connection.id)
        shares.turnedAway.remove(connection.id)
        if connection.isNoted { unweigh(connection.id) }
        loop.forget(connection.descriptor)
        Glibc.close(connection.descriptor)
        deadlines.forget(connection.id)
        if let channel = connection.channel { lost(channel, connection) }
        connection.stream?.task?.cancel()
        if let link = connection.sender, link.post?.connection == connection.id {
            // Not from here: the loop may be taking it.
            loop.callSoon { [weak self, id = link.id] in
                self?.here { host in
                    if let link = host.links[id] { host.takePost(link) }
                }
            }
        }
        if let link = connection.poll {
            connection.poll = nil
            link.poll = nil
            // Its client has gone, or cannot know what of an answer was lost on the way: it comes back, and recovers.
            drop(link, .transportError)
        }
        connection.channel = nil
        resumeAccepting()
    }

    /// When a connection is closed if nothing happens.
    func expire(_ connection: Connection, at deadline: Duration) {
        connection.deadline = deadline
        deadlines.plan(connection.id, by: deadline)
    }

    /// Closes a connection that has run out of time.
    func look(at connection: Connection) {
        // A WebSocket has its link's deadlines, until it closes.
        if let channel = connection.channel, !connection.isClosing, !channel.isClosing { return }
        guard now >= connection.deadline, !connection.isBusy else {
            // What is being answered is looked at again in a while.
            let next = connection.isBusy ? now + limits.requestTime : connection.deadline
            return deadlines.plan(connection.id, by: next)
        }
        if connection.isReceivingRequest && !connection.isClosing {
            refuse(connection, Problem(.timeout, "The request took longer than \(limits.requestTime)."))
        } else {
            close(connection)
        }
    }
}
