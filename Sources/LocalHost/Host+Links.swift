internal import Runtime
internal import Store
internal import Wire

/// What goes to a client, whatever its transport; and a link's end.
extension Host {
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
            if connection.waitingBytes > settings.sendQueue { shed(connection, link) }
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
            markDirty(link)
        }
    }

    func send(_ packet: SocketIOPacket, to link: Link) { send(OutgoingPacket(packet), to: link) }

    func send(_ packet: EngineIOPacket, to link: Link) { send(OutgoingPacket(packet), to: link) }

    /// A reader that does not keep up loses what may be lost; if that does not help it is disconnected, so that it
    /// holds memory of nobody else.
    private func shed(_ connection: Connection, _ link: Link) {
        connection.frames.dropVolatile()
        guard connection.waitingBytes > settings.sendQueue else { return }
        complainOfSlowReader(link)
        end(link, .transportError, code: 1013, "it reads too slowly")
    }

    private func shed(_ link: Link) {
        link.packets.removeAll { $0.isVolatile }
        link.packetBytes = link.packets.reduce(0) { $0 + $1.packet.byteCount }
        guard link.packetBytes > settings.sendQueue else { return }
        complainOfSlowReader(link)
        link.packets = []
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
        if link.post != nil { answerPost(link) }
    }

    /// Ends a link whose client is not there any more.
    func drop(_ link: Link, _ reason: DisconnectReason) {
        for socket in link.sockets { leave(socket, reason) }
        link.isClosing = true
        links[link.id] = nil
        linksByName[link.name] = nil
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
        connection.deadline = now + limits.closeTime
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

    func sweepLinks() {
        let wallClock = invoker.platform.now()
        for link in Array(links.values) { sweep(link, wallClock) }
    }

    private func sweep(_ link: Link, _ wallClock: Timestamp) {
        if link.isClosing {
            if let deadline = link.closeDeadline, now >= deadline { drop(link, .transportClose) }
            return
        }
        for socket in link.sockets where socket.stage == .connected { sweep(socket, wallClock) }
        guard !link.isClosing else { return }
        if let deadline = link.upgradeDeadline, now >= deadline {
            link.upgradeDeadline = nil
            if let upgrade = link.upgrade {
                closeChannel(upgrade, code: 1000, "not upgraded in time")
                closeWhenSent(upgrade)
            }
            link.isProbed = false
        }
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
            link.pongDeadline = link.pongDeadline ?? now + settings.pingTimeout
            ping(link)
        }
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
