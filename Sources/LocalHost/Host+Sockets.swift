internal import FoundationEssentials
internal import Runtime
internal import Store
internal import Wire

/// Engine.IO v4 and Socket.IO v5 over WebSocket.
extension Host {
    // MARK: Opening

    /// `GET /socket.io/?EIO=4&transport=websocket` with an upgrade.
    func openSocket(_ request: HTTPRequest, _ connection: Connection) {
        let query = request.queryItems()
        let version = query.first { $0.name == "EIO" }?.value
        let transport = query.first { $0.name == "transport" }?.value
        // Engine.IO's own error codes and texts.
        guard transport == "websocket" else {
            return refuseEngine(connection, request, 0, "Transport unknown")
        }
        guard version == "4" else {
            return refuseEngine(connection, request, 5, "Unsupported protocol version")
        }
        // Sessions are not kept from one connection to another.
        guard !query.contains(where: { $0.name == "sid" }) else {
            return refuseEngine(connection, request, 1, "Session ID unknown")
        }
        guard WebSocketHandshake.isRequested(by: request) else {
            return refuseEngine(connection, request, 3, "Bad request")
        }
        guard !isStopping else { return refuseEngine(connection, request, 4, "Forbidden") }
        let key: String
        do throws(WebSocketHandshakeError) {
            key = try WebSocketHandshake.check(request)
        } catch {
            var response = HTTPResponse(status: error.status, headers: Self.securityHeaders)
            for field in error.headers.fields { response.headers.add(field.name, field.value) }
            response.headers.add("Content-Type", "application/problem+json")
            let problem = Problem(.protocolError, error.detail, status: error.status)
            response.body = Array(problem.json.utf8)
            connection.isBusy = true
            return answer(connection, response, to: request)
        }
        let digest = Cryptography.sha1(Array((key + WebSocketHandshake.guid).utf8))
        WebSocketHandshake.response(accept: Data(digest).base64EncodedString()).encode(
            into: &connection.output, toHead: false, keepAlive: true, date: dateText(), minorVersion: 1)
        let settings = invoker.manifest.sockets
        var limits = WebSocketLimits.standard
        limits.frameBytes = settings.maxPayload
        limits.messageBytes = settings.maxPayload
        let socket = SocketSession(
            engineID: random.identifier("engine", at: invoker.platform.now()),
            address: clientAddress(request, peer: connection.address), limits: limits, now: now,
            settings: settings)
        let rest = connection.parser?.takeRemaining() ?? []
        connection.parser = nil
        connection.socket = socket
        let handshake = EngineIOHandshake(
            sid: socket.engineID, upgrades: [], pingInterval: Int(settings.pingInterval.milliseconds),
            pingTimeout: Int(settings.pingTimeout.milliseconds), maxPayload: settings.maxPayload)
        send(.open(handshake), connection)
        if !rest.isEmpty {
            socket.decoder.append(rest)
            advance(connection, socket)
        }
    }

    private func refuseEngine(
        _ connection: Connection, _ request: HTTPRequest, _ code: Int, _ message: String
    ) {
        var headers = Self.securityHeaders
        headers.add("Content-Type", "application/json")
        let body = #"{"code":\#(code),"message":\#(JSONScanner.quoted(message))}"#
        connection.isBusy = true
        answer(connection, HTTPResponse(status: 400, headers: headers, body: Array(body.utf8)), to: request)
    }

    // MARK: Receiving

    func advance(_ connection: Connection, _ socket: SocketSession) {
        do throws(WebSocketError) {
            // Beyond the limit, what has been read waits unread, and so does what the client still sends.
            while connections[connection.id] != nil, !connection.isClosing, !hasBacklog(socket),
                let message = try socket.decoder.next()
            {
                try receive(message, connection, socket)
            }
        } catch {
            // No close frame of the client's can be recognised any more.
            closeSocket(connection, socket, code: error.closeCode, reason: error.detail)
            connection.lingers = true
            closeWhenSent(connection)
        }
        if connections[connection.id] != nil { watch(connection) }
    }

    /// Whether as many events wait as may.
    func hasBacklog(_ socket: SocketSession) -> Bool { socket.waiting.count >= limits.queuedEvents }

    private func receive(
        _ message: WebSocketDecoder.Message, _ connection: Connection, _ socket: SocketSession
    ) throws(WebSocketError) {
        switch message {
        case .text(let text):
            guard !socket.isClosing else { return }
            do throws(EngineIOError) {
                try receive(EngineIOPacket(decoding: text), connection, socket)
            } catch {
                throw WebSocketError(closeCode: 1002, detail: "not an Engine.IO packet")
            }
        case .binary:
            throw WebSocketError(closeCode: 1003, detail: "binary packets are not taken")
        case .ping(let payload):
            WebSocketEncoder.frame(.pong, payload, into: &connection.output)
            markDirty(connection)
        case .pong: break
        case .close(let code, _):
            if !socket.isClosing { connection.output += WebSocketEncoder.close(code: code ?? 1000) }
            closeWhenSent(connection)
        }
    }

    private func receive(_ packet: EngineIOPacket, _ connection: Connection, _ socket: SocketSession) {
        switch packet {
        case .pong: socket.pongDeadline = nil
        case .ping(let payload): send(.pong(payload), connection)
        case .message(let text):
            do {
                try receive(SocketIOPacket(decoding: text), connection, socket)
            } catch {
                closeSocket(connection, socket, code: 1002, reason: "not a Socket.IO packet")
            }
        case .close: closeSocket(connection, socket, code: 1000, reason: "")
        case .open, .upgrade, .noop: break
        }
    }

    private func receive(
        _ packet: SocketIOPacket, _ connection: Connection, _ socket: SocketSession
    ) throws(SocketIOError) {
        guard packet.namespace == "/" else {
            if packet.kind == .connect {
                send(.connectError(message: "Invalid namespace", namespace: packet.namespace), connection)
            }
            return
        }
        switch (packet.kind, socket.stage) {
        case (.connect, .opened): connect(packet, connection, socket)
        case (.event, .connected):
            let (name, arguments) = try packet.event()
            let data =
                arguments.count == 1
                ? arguments[0] : arguments.isEmpty ? "" : "[\(arguments.joined(separator: ","))]"
            socket.waiting.append(
                SocketSession.WaitingEvent(name: name, data: Array(data.utf8), acknowledgement: packet.id))
            handleNext(connection, socket)
        case (.disconnect, _):
            leave(socket, connection)
            socket.connectDeadline = now + invoker.manifest.sockets.connectTimeout
        case (.ack, .connected): break
        default: throw .invalidPayload
        }
    }

    // MARK: Connecting

    private func connect(_ packet: SocketIOPacket, _ connection: Connection, _ socket: SocketSession) {
        let connectionID = random.identifier("socket", at: invoker.platform.now())
        let payload = packet.json ?? ""
        let token = JSONScanner.members(of: payload)?.last { $0.name == "token" }
            .flatMap { JSONScanner.string(of: $0.value) }
        socket.connectionID = connectionID
        socket.credential = token.map { .token($0) } ?? .none
        socketsByConnectionID[connectionID] = connection.id
        guard let entry = router.function(forEvent: Trigger.connectEvent) else {
            connected(connection, socket)
            return
        }
        socket.stage = .connecting
        let event = event(Trigger.connectEvent, socket, connection, data: Array(payload.utf8))
        let id = connection.id
        underWay { host in
            let outcome = await host.invoker.invoke(entry, event)
            host.finishConnect(id, connectionID, event, outcome)
        }
    }

    /// `$connect` has decided.
    private func finishConnect(_ id: UInt64, _ connectionID: String, _ event: Event, _ outcome: Outcome) {
        guard let connection = connections[id], let socket = connection.socket,
            socket.connectionID == connectionID, socket.stage == .connecting
        else {
            // The client left meanwhile: what $connect recorded must go again.
            if outcome.isSuccess { disconnect(Departure(event: event, claims: outcome.claims)) }
            return
        }
        if outcome.isSuccess {
            if let claims = outcome.claims {
                socket.credential = .verified(claims)
                socket.subject = claims.subject
                socketsBySubject[claims.subject, default: []].insert(id)
            }
            connected(connection, socket)
        } else {
            forget(socket, connection)
            socket.stage = .opened
            socket.connectDeadline = now + invoker.manifest.sockets.connectTimeout
            let message = outcome.problem?.kind.title ?? "refused"
            send(.connectError(message: message, data: outcome.json), connection)
        }
    }

    private func connected(_ connection: Connection, _ socket: SocketSession) {
        socket.stage = .connected
        openSockets += 1
        send(.connect(sid: socket.connectionID ?? ""), connection)
        for frame in socket.held { connection.output += frame }
        socket.held = []
    }

    // MARK: Events

    /// Events of one socket are handled in order, one at a time; so each sees what the one before it did.
    private func handleNext(_ connection: Connection, _ socket: SocketSession) {
        while !socket.isHandlingEvent, !socket.waiting.isEmpty, socket.stage == .connected, !isStopping {
            let next = socket.waiting.removeFirst()
            if let entry = next.name.hasPrefix("$") ? nil : router.function(forEvent: next.name) {
                handle(next, entry, connection, socket)
            } else {
                let hint = router.suggestion(forEvent: next.name).map { " Did you mean '\($0)'?" } ?? ""
                acknowledge(
                    next, Problem(.notFound, "No function is bound to this event.\(hint)").json, connection)
            }
        }
    }

    private func handle(
        _ next: SocketSession.WaitingEvent, _ entry: FunctionEntry, _ connection: Connection,
        _ socket: SocketSession
    ) {
        socket.isHandlingEvent = true
        let event = event(next.name, socket, connection, data: next.data)
        let id = connection.id
        let connectionID = socket.connectionID ?? ""
        underWay { host in
            let outcome = await host.invoker.invoke(entry, event)
            if let departure = host.leaving.removeValue(forKey: connectionID) { host.disconnect(departure) }
            // The client may have left, and come back on the same WebSocket.
            guard let connection = host.connections[id], let socket = connection.socket,
                socket.connectionID == connectionID
            else { return }
            socket.isHandlingEvent = false
            // Nothing follows a close frame (RFC 6455 section 5.5.1).
            guard !socket.isClosing else { return }
            host.acknowledge(next, outcome.json, connection)
            if host.isStopping { return host.closeForStop(connection, socket) }
            host.handleNext(connection, socket)
            host.advance(connection, socket)
        }
    }

    private func acknowledge(_ event: SocketSession.WaitingEvent, _ json: String, _ connection: Connection) {
        if let id = event.acknowledgement { send(.ack(id: id, json: [json]), connection) }
    }

    private func event(
        _ name: String, _ socket: SocketSession, _ connection: Connection, data: [UInt8]
    ) -> Event {
        Event(
            id: requestID(), time: invoker.platform.now(),
            trigger: .socket(event: name, connection: socket.connectionID ?? "", host: id),
            credential: socket.credential, address: socket.address, data: data)
    }

    // MARK: Leaving

    /// Closes with a close frame, and waits a moment for the client's.
    func closeSocket(_ connection: Connection, _ socket: SocketSession, code: UInt16, reason: String) {
        guard !socket.isClosing else { return }
        socket.isClosing = true
        leave(socket, connection)
        connection.output += WebSocketEncoder.close(code: code, reason: reason)
        connection.deadline = now + limits.closeTime
        markDirty(connection)
    }

    /// The connection is gone.
    func ended(_ socket: SocketSession, _ connection: Connection) { leave(socket, connection) }

    /// Ends the socket's place in Socket.IO, and lets `$disconnect` know.
    private func leave(_ socket: SocketSession, _ connection: Connection) {
        guard socket.stage == .connected else {
            // A $connect under way sees that the stage has changed.
            if socket.stage == .connecting { forget(socket, connection) }
            socket.stage = .opened
            return
        }
        socket.stage = .opened
        openSockets -= 1
        socket.waiting = []
        let event = event(Trigger.disconnectEvent, socket, connection, data: [])
        var claims: Claims?
        if case .verified(let verified) = socket.credential { claims = verified }
        let departure = Departure(event: event, claims: claims)
        if socket.isHandlingEvent, let connectionID = socket.connectionID {
            // $disconnect undoes what events did, so it comes after the last of them.
            socket.isHandlingEvent = false
            leaving[connectionID] = departure
        } else {
            disconnect(departure)
        }
        forget(socket, connection)
    }

    private func forget(_ socket: SocketSession, _ connection: Connection) {
        if let connectionID = socket.connectionID { socketsByConnectionID[connectionID] = nil }
        if let subject = socket.subject {
            socketsBySubject[subject]?.remove(connection.id)
            if socketsBySubject[subject]?.isEmpty == true { socketsBySubject[subject] = nil }
        }
        socket.subject = nil
        socket.connectionID = nil
        socket.credential = .none
        socket.held = []
        rooms.remove(connection.id)
    }

    /// Runs `$disconnect`. It must succeed for a token that has expired or a session that was revoked too, so neither
    /// is looked at again.
    private func disconnect(_ departure: Departure) {
        guard let entry = router.function(forEvent: Trigger.disconnectEvent),
            case .socket(_, let connectionID, let host) = departure.event.trigger
        else { return }
        var event = departure.event
        event.id = requestID()
        event.time = invoker.platform.now()
        event.data = []
        event.trigger = .socket(event: Trigger.disconnectEvent, connection: connectionID, host: host)
        if let claims = departure.claims {
            event.credential = .verified(Claims(subject: claims.subject, roles: claims.roles))
        }
        underWay { [event] host in _ = await host.invoker.invoke(entry, event) }
    }

    /// Says goodbye to the sockets; to one whose event is being handled once that is acknowledged.
    func closeSocketsForStop() {
        for connection in Array(connections.values) {
            guard let socket = connection.socket, !socket.isHandlingEvent else { continue }
            closeForStop(connection, socket)
        }
    }

    private func closeForStop(_ connection: Connection, _ socket: SocketSession) {
        closeSocket(connection, socket, code: 1001, reason: "the server stops")
    }

    // MARK: Time

    func sweep(_ connection: Connection, _ socket: SocketSession) {
        if socket.isClosing || connection.isClosing {
            if now >= connection.deadline { close(connection) }
            return
        }
        if hasBacklog(socket), socket.pongDeadline != nil {
            // Its pong may have arrived, but is not read before there is room for what came before it.
            socket.pongDeadline = now + invoker.manifest.sockets.pingTimeout
        }
        if let deadline = socket.pongDeadline, now >= deadline { return close(connection) }
        if socket.stage == .opened && now >= socket.connectDeadline {
            return closeSocket(connection, socket, code: 1000, reason: "not connected in time")
        }
        if now >= socket.nextPing {
            let settings = invoker.manifest.sockets
            socket.nextPing = now + settings.pingInterval
            socket.pongDeadline = socket.pongDeadline ?? now + settings.pingTimeout
            send(.ping(""), connection)
        }
    }

    // MARK: Sending

    private func send(_ packet: SocketIOPacket, _ connection: Connection) {
        send(.message(packet.encoded()), connection)
    }

    private func send(_ packet: EngineIOPacket, _ connection: Connection) {
        WebSocketEncoder.frame(.text, packet.encoded(), into: &connection.output)
        markDirty(connection)
    }
}
