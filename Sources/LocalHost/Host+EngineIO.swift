internal import Net
internal import Base
internal import FoundationEssentials
internal import Runtime
internal import Wire

/// Engine.IO v4: sessions over HTTP long-polling and over WebSocket, and the way from one to the other.
/// https://socket.io/docs/v4/engine-io-protocol/
extension Serving {
    /// The protocol's own errors, with its texts and codes.
    enum EngineError: Int {
        case unknownTransport = 0
        case unknownSession = 1
        case badHandshakeMethod = 2
        case badRequest = 3
        case forbidden = 4
        case unsupportedVersion = 5

        var message: String {
            switch self {
            case .unknownTransport: "Transport unknown"
            case .unknownSession: "Session ID unknown"
            case .badHandshakeMethod: "Bad handshake method"
            case .badRequest: "Bad request"
            case .forbidden: "Forbidden"
            case .unsupportedVersion: "Unsupported protocol version"
            }
        }
    }

    /// A request on the sockets' path.
    func serveEngine(_ request: HTTPRequest, _ connection: Connection) {
        connection.isBusy = true
        guard origins.admits(request) else { return refuseEngine(connection, request, .forbidden) }
        if request.method == "OPTIONS" {
            return answer(connection, options(request, methods: ["GET", "POST"]), to: request)
        }
        var query: [String: String] = [:]
        for item in request.queryItems() where query[item.name] == nil { query[item.name] = item.value }
        let isUpgrade = WebSocketHandshake.isRequested(by: request)
        guard let transport = query["transport"], transport == "polling" || transport == "websocket" else {
            return refuseEngine(connection, request, .unknownTransport)
        }
        if let name = query["sid"] {
            // To somebody else who has its id, a session is none.
            guard let link = linksByName[name].flatMap({ links[$0] }) else {
                return refuseEngine(connection, request, .unknownSession)
            }
            let sender = SessionOpener(request, origins)
            guard let token = bearer(request),
                link.opener?.needsSubject(of: sender, players: players(of: link)) == true
            else { return goOn(link, request, connection, of: sender) }
            underWay { [id = connection.id, key = link.id] host in
                var sender = sender
                sender.subject = try? await host.invoker.identify(token).subject
                guard let connection = host.connections[id] else { return }
                if let link = host.links[key] {
                    host.goOn(link, request, connection, of: sender)
                } else {
                    host.refuseEngine(connection, request, .unknownSession)
                }
                host.advance(connection)
            }
            return
        }
        guard request.method == "GET" else { return refuseEngine(connection, request, .badHandshakeMethod) }
        guard isUpgrade == (transport == "websocket") else {
            return refuseEngine(connection, request, .badRequest)
        }
        guard !isStopping else { return refuseEngine(connection, request, .forbidden) }
        guard query["EIO"] == "4" else { return refuseEngine(connection, request, .unsupportedVersion) }
        guard hasRoomForConnects else {
            return answer(connection, response(tooManyConnects, request), to: request)
        }
        let address = clientAddress(request, peer: connection.address)
        guard admitsLink(request, connection, from: address) else { return }
        // python-engineio stamps its requests in fractions of a second; the handlers of its clients take just the
        // arguments they name, and would fail on an offset behind them.
        let takesOffsets = query["t"].map { Double($0) == nil || !$0.contains(".") } ?? true
        let link = Link(
            id: nextKey(), name: engineName(), address: address,
            takesOffsets: takesOffsets, now: now, settings: settings)
        noteOpener(of: link, request)
        let handshake = EngineIOHandshake(
            sid: link.name, upgrades: isUpgrade ? [] : ["websocket"],
            pingInterval: Int(settings.pingInterval.milliseconds),
            pingTimeout: Int(settings.pingTimeout.milliseconds), maxPayload: settings.maxPayload)
        if isUpgrade {
            guard let channel = openChannel(link, request, connection) else { return }
            link.connection = connection
            register(link)
            send(.open(handshake), to: link)
            begin(channel, connection)
        } else {
            register(link)
            send(.open(handshake), to: link)
            poll(link, request, connection)
        }
    }

    /// The session for which a request brings something.
    func link(of request: HTTPRequest) -> Link? {
        guard request.method == "POST", request.path == settings.path,
            let name = request.queryItems().first(where: { $0.name == "sid" })?.value
        else { return nil }
        return linksByName[name].flatMap { links[$0] }
    }

    private func noteOpener(of link: Link, _ request: HTTPRequest) {
        link.opener = SessionOpener(request, origins)
        guard let token = bearer(request) else { return }
        underWay { [key = link.id] host in
            let subject = try? await host.invoker.identify(token).subject
            host.links[key]?.opener?.subject = subject
        }
    }

    private func players(of link: Link) -> [String] { link.sockets.compactMap(\.subject) }

    /// A further request of a session, of a sender whose subject is known where it matters.
    private func goOn(
        _ link: Link, _ request: HTTPRequest, _ connection: Connection, of sender: SessionOpener
    ) {
        let isUpgrade = WebSocketHandshake.isRequested(by: request)
        guard link.opener?.admits(sender, isUpgrade: isUpgrade, players: players(of: link)) ?? true else {
            return refuseEngine(connection, request, .unknownSession)
        }
        if isUpgrade { return openCandidate(for: link, request, connection) }
        // Once over, a session does not go back.
        let isPolling = request.queryItems().first { $0.name == "transport" }?.value == "polling"
        guard isPolling, link.connection == nil else {
            return refuseEngine(connection, request, .badRequest)
        }
        switch request.method {
        case "GET": poll(link, request, connection)
        case "POST": receivePost(link, request, connection)
        default: refuseEngine(connection, request, .badRequest)
        }
    }

    func register(_ link: Link) {
        links[link.id] = link
        linksByName[link.name] = link.id
        notePlace(of: link)
        plan(link)
    }

    func refuseEngine(_ connection: Connection, _ request: HTTPRequest, _ error: EngineError) {
        let body = #"{"code":\#(error.rawValue),"message":"\#(error.message)"}"#
        answerEngine(
            connection, request, status: error == .forbidden ? 403 : 400, type: "application/json",
            Array(body.utf8))
    }

    private func answerEngine(
        _ connection: Connection, _ request: HTTPRequest, status: Int = 200, type: String, _ body: [UInt8]
    ) {
        var headers = Self.securityHeaders
        headers.add("Content-Type", type)
        headers.add("Cache-Control", "no-store")
        answer(connection, HTTPResponse(status: status, headers: headers, body: body), to: request)
    }

    // MARK: Polling

    private func poll(_ link: Link, _ request: HTTPRequest, _ connection: Connection) {
        guard link.poll == nil else {
            // The protocol wants the session closed: two polls could take packets past one another.
            refuseEngine(connection, request, .badRequest)
            return end(link, .transportError, "two polls at once")
        }
        link.poll = Link.Poll(connection: connection.id, request: request)
        connection.poll = link
        if link.isProbed, link.packets.isEmpty {
            // At once the first time. Where the upgrade packet gets lost on its way, the client polls on.
            if now >= link.nextNoop { sendNoop(link) } else { plan(link) }
        }
        if !link.packets.isEmpty { markDirty(link) }
    }

    /// Ends a poll so that its client can go over to the WebSocket that it has probed.
    func sendNoop(_ link: Link) {
        link.nextNoop = now + limits.noopInterval
        send(.noop, to: link)
    }

    func markDirty(_ link: Link) {
        guard !link.isDirty, link.poll != nil else { return }
        link.isDirty = true
        dirtyLinks.append(link.id)
    }

    /// Answers the polls of sessions that have something to tell.
    func flushPolls() {
        while !dirtyLinks.isEmpty {
            let ids = dirtyLinks
            dirtyLinks.removeAll(keepingCapacity: true)
            for id in ids {
                guard let link = links[id] else { continue }
                link.isDirty = false
                answerPoll(link)
            }
        }
    }

    func answerPoll(_ link: Link) {
        guard let poll = link.poll, !link.packets.isEmpty, let connection = connections[poll.connection]
        else { return }
        let packets = takePackets(of: link)
        weigh(link)
        link.poll = nil
        connection.poll = nil
        answerEngine(
            connection, poll.request, type: "text/plain; charset=UTF-8", EngineIOPayload.encode(packets))
        if link.isClosing, link.packets.isEmpty { drop(link, .transportClose) }
        advance(connection)
    }

    /// What one answer takes along: so many packets, and of a packet with attachments perhaps not all. The rest waits for
    /// the next poll.
    private func takePackets(of link: Link) -> [EngineIOPacket] {
        var packets: [EngineIOPacket] = []
        var count = 0
        var bytes = 0
        for waiting in link.packets {
            guard count == 0 || bytes + waiting.packet.byteCount <= limits.pollBytes else { break }
            let parts = waiting.packet.packets.dropFirst(link.packetsGone)
            let room = limits.pollPackets - packets.count
            packets += parts.prefix(room)
            guard parts.count <= room else {
                link.packetsGone += room
                break
            }
            link.packetsGone = 0
            bytes += waiting.packet.byteCount
            count += 1
            if packets.count == limits.pollPackets { break }
        }
        link.packets.removeFirst(count)
        link.packetBytes -= bytes
        return packets
    }

    private func receivePost(_ link: Link, _ request: HTTPRequest, _ connection: Connection) {
        guard link.post == nil, !link.isClosing else {
            refuseEngine(connection, request, .badRequest)
            return end(link, .transportError, "two posts at once")
        }
        do throws(EngineIOError) {
            let packets = try EngineIOPayload.Packets(request.body)
            link.post = Link.Post(connection: connection.id, request: request, packets: packets)
            connection.sender = link
            takePost(link)
        } catch {
            refuseEngine(connection, request, .badRequest)
            drop(link, .parseError)
        }
    }

    /// Takes packets of a POST as far as there is room for their events; the answer waits for the last.
    func takePost(_ link: Link) {
        do throws(EngineIOError) {
            // Where the client has gone, the rest is taken nevertheless: it was received.
            let connection = link.post.flatMap { connections[$0.connection] }
            while !link.isClosing, !hasBacklog(link), connection.map(hasTurn) ?? true,
                let packet = try link.post?.packets.next()
            {
                if let connection { spend(TurnCredit.Cost.packet + packet.byteCount, of: connection) }
                receive(packet, link)
            }
        } catch {
            // What stood before it has been taken.
            if let post = link.post, let connection = connections[post.connection] {
                link.post = nil
                refuseEngine(connection, post.request, .badRequest)
            }
            guard isAnswering(link) || !link.packets.isEmpty else { return drop(link, .parseError) }
            // With a poll, behind its answers.
            return end(link, behindAnswers: .violation(code: 1002, text: "not an Engine.IO packet"))
        }
        weigh(link)
        if link.isClosing || link.post?.packets.isAtEnd == true { answerPost(link) }
    }

    func answerPost(_ link: Link) {
        guard let post = link.post else { return }
        link.post = nil
        guard let connection = connections[post.connection] else { return }
        connection.sender = nil
        answerEngine(connection, post.request, type: "text/html", Array("ok".utf8))
        let id = connection.id
        // Not from here: what it has sent behind the POST may be another one.
        loop.callSoon { [weak self] in
            self?.here { host in
                if let connection = host.connections[id] { host.advance(connection) }
            }
        }
    }

    // MARK: WebSocket

    /// Opens a WebSocket for a session that polls; it goes over when it has probed it.
    private func openCandidate(for link: Link, _ request: HTTPRequest, _ connection: Connection) {
        guard !link.isClosing, !isStopping else { return refuseEngine(connection, request, .badRequest) }
        guard let channel = openChannel(link, request, connection) else { return }
        // One more than it can use is taken and closed, as Engine.IO's own server does.
        guard link.connection == nil, link.upgrade == nil else {
            closeChannel(connection, code: 1000, "the session has a WebSocket already")
            begin(channel, connection)
            return expire(connection, at: now + limits.partingTime)
        }
        link.upgrade = connection
        link.upgradeDeadline = now + settings.upgradeTimeout
        plan(link)
        begin(channel, connection)
    }

    /// Packets of a WebSocket that the session has not gone over to yet.
    func receiveCandidate(_ packet: EngineIOPacket, _ connection: Connection, _ link: Link) {
        switch packet {
        case .ping("probe"):
            WebSocketEncoder.frame(.text, "3probe", into: &connection.output)
            markDirty(connection)
            link.isProbed = true
            // The client waits for its poll to end before it goes over.
            if link.poll != nil, link.packets.isEmpty { sendNoop(link) }
        case .upgrade where link.isProbed: goOver(link, to: connection)
        default: closeChannel(connection, code: 1002, "not a probe")
        }
    }

    private func goOver(_ link: Link, to connection: Connection) {
        if link.poll != nil, link.packets.isEmpty { send(.noop, to: link) }
        if link.poll != nil { answerPoll(link) }
        link.upgrade = nil
        link.upgradeDeadline = nil
        link.isProbed = false
        link.connection = connection
        var waiting = link.packets[...]
        link.packets = []
        link.packetBytes = 0
        if link.packetsGone > 0, let first = waiting.popFirst() {
            for packet in first.packet.packets.dropFirst(link.packetsGone) { send(packet, to: link) }
        }
        link.packetsGone = 0
        weigh(link)
        for packet in waiting { send(packet.packet, to: link, isVolatile: packet.isVolatile) }
    }

    // MARK: Packets

    /// Answers a ping: once, however many there were since the last poll.
    private func pong(_ payload: String, _ link: Link) {
        let packet = OutgoingPacket(.pong(payload))
        if let connection = link.connection {
            connection.frames.appendPong(packet.frames)
            markDirty(connection)
        } else if link.pong == nil {
            link.pong = packet
            send(packet, to: link)
        }
    }

    func receive(_ packet: EngineIOPacket, _ link: Link) {
        switch packet {
        case .pong: link.pongDeadline = nil
        case .ping(let payload): pong(payload, link)
        case .message(let text): receiveText(text, link)
        case .binary(let bytes): receiveAttachment(bytes, link)
        case .close:
            if link.connection != nil { return end(link, .transportClose) }
            if link.poll != nil, link.packets.isEmpty { send(.noop, to: link) }
            answerPoll(link)
            answerPost(link)
            drop(link, .transportClose)
        case .open, .upgrade, .noop: break
        }
    }
}
