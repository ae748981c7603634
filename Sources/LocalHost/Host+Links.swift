internal import Net
internal import Base
internal import Runtime
internal import Wire

/// What goes to a client, whatever its transport; and a link's end.
extension Serving {
    // MARK: Sending

    /// Queues a packet; it goes out at the end of the turn, or with the client's next poll.
    ///
    /// A share in a broadcast may wait a moment for the next one.
    func send(
        _ packet: OutgoingPacket, to link: Link, isVolatile: Bool = false, isBroadcast: Bool = false
    ) {
        guard !link.isClosing else { return }
        if let connection = link.connection {
            guard let channel = connection.channel, !connection.isClosing else { return }
            if let deflater = channel.deflater {
                // Each message is deflated against those before it, so none may be dropped.
                connection.frames.append(packet.frames(deflatedBy: deflater))
            } else {
                connection.frames.append(packet.frames, isVolatile: isVolatile)
            }
            if connection.waitingCost > settings.sendQueue { shed(connection, link) }
            if isBroadcast, !connection.isDirty {
                connection.isDirty = true
                gathered.append(connection.id)
            } else {
                markDirty(connection)
            }
        } else {
            link.packets.append(Link.WaitingPacket(packet: packet, isVolatile: isVolatile))
            link.packetBytes += packet.byteCount
            if link.packetBytes > settings.sendQueue { shed(link) }
            weigh(link)
            markDirty(link)
        }
    }

    func send(_ packet: SocketIOPacket, to link: Link) { send(OutgoingPacket(packet), to: link) }

    func send(_ packet: EngineIOPacket, to link: Link) { send(OutgoingPacket(packet), to: link) }

    /// A reader that does not keep up loses what may be lost; if that does not help it is disconnected, so that it
    /// holds memory of nobody else.
    private func shed(_ connection: Connection, _ link: Link) {
        connection.frames.dropVolatile()
        guard connection.waitingCost > settings.sendQueue else { return }
        complainOfSlowReader(link)
        end(link, .transportError, code: 1013, "it reads too slowly")
    }

    private func shed(_ link: Link) {
        // One that has gone in part must go on.
        let begun = link.packetsGone > 0 ? 1 : 0
        link.packets = link.packets.prefix(begun) + link.packets.dropFirst(begun).filter { !$0.isVolatile }
        link.packetBytes = link.packets.reduce(0) { $0 + $1.packet.byteCount }
        guard link.packetBytes > settings.sendQueue else { return }
        complainOfSlowReader(link)
        link.packets = []
        link.packetsGone = 0
        end(link, .transportError, code: 1013, "it reads too slowly")
    }

    private func complainOfSlowReader(_ link: Link) {
        log.write(
            .warning, "A socket was closed: it reads too slowly",
            [("socket", .string(link.name)), ("player_id", .string(link.sockets.first?.subject ?? ""))],
            at: invoker.platform.now())
    }

    // MARK: Ending

    /// Ends a link: its sockets leave, and the client is told as far as it listens. `code` and `text` are for a
    /// WebSocket (RFC 6455 section 7.4.1).
    func end(_ link: Link, _ reason: DisconnectReason, code: UInt16 = 1000, _ text: String = "") {
        guard !link.isClosing else { return }
        for socket in link.sockets { leave(socket, reason) }
        if let upgrade = link.upgrade { closeChannel(upgrade, code: 1000, "") }
        if let connection = link.connection {
            closeChannel(connection, code: code, text)
        } else {
            // With its next poll, if there is one soon.
            send(.close, to: link)
            link.closeDeadline = now + limits.closeTime
        }
        link.isClosing = true
        plan(link)
        if link.post != nil { answerPost(link) }
    }

    /// Ends a link whose client is not there any more.
    func drop(_ link: Link, _ reason: DisconnectReason) {
        for socket in link.sockets { leave(socket, reason) }
        link.isClosing = true
        links[link.id] = nil
        linksByName[link.name] = nil
        notePlace(of: link)
        unweigh(ClientShares.entry(ofLink: link.id))
        deadlines.forget(ClientShares.entry(ofLink: link.id))
        if let connection = link.connection {
            link.connection = nil
            close(connection)
        }
        if let upgrade = link.upgrade {
            link.upgrade = nil
            close(upgrade)
        }
        answerPost(link)
        if let poll = link.poll {
            link.poll = nil
            if let connection = connections[poll.connection] {
                connection.poll = nil
                refuseEngine(connection, poll.request, .unknownSession)
            }
        }
    }

    /// Sends a close frame, and waits a moment for the client's.
    func closeChannel(_ connection: Connection, code: UInt16, _ text: String) {
        guard let channel = connection.channel, !channel.isClosing else { return }
        channel.isClosing = true
        connection.frames.append(WebSocketEncoder.close(code: code, reason: text))
        expire(connection, at: now + limits.closeTime)
        markDirty(connection)
    }

    /// A WebSocket's TCP connection is gone.
    func lost(_ channel: WebSocketChannel, _ connection: Connection) {
        let link = channel.link
        if link.upgrade === connection {
            // The session goes on polling.
            link.upgrade = nil
            link.isProbed = false
        } else if link.connection === connection {
            link.connection = nil
            drop(link, .transportClose)
        }
    }

    // MARK: Time

    /// Has a link looked at when the next of its deadlines comes up. To call where one has been set or moved forward.
    func plan(_ link: Link) {
        guard links[link.id] != nil else { return }
        if link.isClosing {
            if let deadline = link.closeDeadline {
                deadlines.plan(ClientShares.entry(ofLink: link.id), by: deadline)
            }
            return
        }
        var next = link.nextPing
        if let deadline = link.pongDeadline { next = min(next, deadline) }
        if let deadline = link.upgradeDeadline { next = min(next, deadline) }
        if link.farewell != nil { next = min(next, link.farewellDeadline) }
        if link.sockets.isEmpty { next = min(next, link.connectDeadline) }
        if link.poll != nil, link.isProbed, link.packets.isEmpty { next = min(next, link.nextNoop) }
        for socket in link.sockets {
            if let connecting = socket.connecting { next = min(next, connecting.deadline) }
            for question in socket.questions.values { next = min(next, question.deadline) }
            if socket.life.isOpen, let end = socket.claims?.expiresAt {
                next = min(next, now + (end - invoker.platform.now()))
            }
        }
        deadlines.plan(ClientShares.entry(ofLink: link.id), by: next)
    }

    func look(at link: Link) {
        sweep(link, invoker.platform.now())
        plan(link)
    }

    private func sweep(_ link: Link, _ wallClock: Timestamp) {
        if link.isClosing {
            if let deadline = link.closeDeadline, now >= deadline { drop(link, .transportClose) }
            return
        }
        for socket in link.sockets { sweep(socket, wallClock) }
        guard !link.isClosing else { return }
        if let deadline = link.upgradeDeadline, now >= deadline {
            link.upgradeDeadline = nil
            if let upgrade = link.upgrade {
                closeChannel(upgrade, code: 1000, "not upgraded in time")
                closeWhenSent(upgrade)
            }
            link.isProbed = false
        }
        if link.poll != nil, link.isProbed, link.packets.isEmpty, now >= link.nextNoop { sendNoop(link) }
        endIfAnswered(link)
        guard !link.isClosing else { return }
        if hasBacklog(link), link.pongDeadline != nil {
            // Its pong may have arrived, but is not read before there is room for what came before it.
            link.pongDeadline = now + settings.pingTimeout
        }
        if let deadline = link.pongDeadline, now >= deadline { return drop(link, .pingTimeout) }
        if link.sockets.isEmpty, now >= link.connectDeadline {
            return end(link, .serverDisconnect, "not connected in time")
        }
        if now >= link.nextPing {
            link.nextPing = now + settings.pingInterval
            if link.pongDeadline == nil {
                link.pongDeadline = now + settings.pingTimeout
                link.pingedAt = now
            }
            ping(link)
        }
    }

    private func sweep(_ socket: Socket, _ wallClock: Timestamp) {
        if let connecting = socket.connecting, now >= connecting.deadline {
            // Where it is on its way back and never gets there, it is to begin anew.
            tell(socket, .lost)
            return turnAway(socket.link)
        }
        guard socket.life.isOpen else { return }
        if let end = socket.claims?.expiresAt, wallClock >= end { return endToken(socket, "expired") }
        guard !socket.questions.isEmpty else { return }
        for (number, question) in socket.questions where now >= question.deadline {
            socket.questions[number] = nil
            answered(question, by: socket, data: nil)
        }
    }

    /// Bytes have come from a client: a long message over a slow line is a sign of life, though its pong is behind it.
    func hears(_ link: Link) {
        guard let deadline = link.pongDeadline else { return }
        link.pongDeadline = max(
            deadline, min(now + settings.pingTimeout, link.pingedAt + limits.messageTime))
    }

    private func ping(_ link: Link) {
        if link.endpoint == nil {
            send(pingPacket, to: link)
        } else if let connection = link.connection {
            connection.frames.append(Self.pingFrame)
            markDirty(connection)
        }
    }

    static let pingFrame: [UInt8] = {
        var frame: [UInt8] = []
        WebSocketEncoder.frame(.ping, [UInt8](), into: &frame)
        return frame
    }()
}
