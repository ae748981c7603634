internal import Base
internal import FoundationEssentials
internal import Net
internal import Runtime
internal import Wire

/// The clients' sessions: how each is opened and found again, and which of their polls are to be answered.
final class Sessions {
    let core: HostCore
    let hub: SocketHub
    let shares: ClientShares
    let deadlines: Deadlines
    let answers: HTTPAnswers
    private let clients: ClientAddress
    private let workers: OtherWorkers?
    private(set) var open: [UInt64: Session] = [:]
    private var byName: [String: EngineSession] = [:]
    /// Sessions with something for a poll.
    private var dirty: [EngineSession] = []
    let pingPacket = OutgoingPacket(.ping(""))

    private var limits: HostLimits { core.limits }

    init(
        _ hub: SocketHub, _ shares: ClientShares, _ answers: HTTPAnswers, _ clients: ClientAddress,
        workers: OtherWorkers?
    ) {
        core = hub.core
        self.hub = hub
        self.shares = shares
        self.answers = answers
        self.clients = clients
        self.workers = workers
        deadlines = Deadlines(hub.core)
        deadlines.look = { [weak self] id in self?.open[id]?.look() }
        shares.evictors.append { [weak self] entry in self?.evict(entry) ?? false }
    }

    // MARK: Finding

    /// The session that a request names.
    private func session(of request: HTTPRequest) -> EngineSession? {
        request.queryItems().first { $0.name == "sid" }.flatMap { byName[$0.value] }
    }

    /// Whether a request names a session of ours.
    func knowsSession(of request: HTTPRequest) -> Bool { session(of: request) != nil }

    /// The session for which a request brings something.
    func receiver(of request: HTTPRequest) -> EngineSession? {
        guard request.method == "POST", request.path == core.settings.path else { return nil }
        return session(of: request)
    }

    private func register(_ session: Session) {
        open[session.id] = session
        if let engine = session as? EngineSession { byName[session.name] = engine }
        session.notePlace()
        session.plan()
    }

    func forget(_ session: Session) {
        open[session.id] = nil
        byName[session.name] = nil
        shares.forget(ClientShares.entry(ofLink: session.id))
        deadlines.forget(session.id)
    }

    // MARK: Opening

    /// A request on the sockets' path.
    func serve(_ request: HTTPRequest, _ connection: HTTPConnection) {
        connection.isBusy = true
        guard answers.origins.admits(request) else { return refuse(connection, request, .forbidden) }
        if request.method == "OPTIONS" {
            return connection.answer(answers.options(request, methods: ["GET", "POST"]), to: request)
        }
        var query: [String: String] = [:]
        for item in request.queryItems() where query[item.name] == nil { query[item.name] = item.value }
        let isUpgrade = WebSocketHandshake.isRequested(by: request)
        guard let transport = query["transport"], transport == "polling" || transport == "websocket" else {
            return refuse(connection, request, .unknownTransport)
        }
        if let name = query["sid"] { return goOn(name, request, connection) }
        guard request.method == "GET" else { return refuse(connection, request, .badHandshakeMethod) }
        guard isUpgrade == (transport == "websocket") else {
            return refuse(connection, request, .badRequest)
        }
        guard !core.lifecycle.isStopping else { return refuse(connection, request, .forbidden) }
        guard query["EIO"] == "4" else { return refuse(connection, request, .unsupportedVersion) }
        // python-engineio stamps its requests in fractions of a second; the handlers of its clients take just the
        // arguments they name, and would fail on an offset behind them.
        let takesOffsets = query["t"].map { Double($0) == nil || !$0.contains(".") } ?? true
        openEngine(request, connection, isUpgrade: isUpgrade, takesOffsets: takesOffsets)
    }

    /// A request with a session's id. To somebody else who has it, the session is none.
    private func goOn(_ name: String, _ request: HTTPRequest, _ connection: HTTPConnection) {
        guard let session = byName[name] else { return refuse(connection, request, .unknownSession) }
        let sender = SessionOpener(request, answers.origins)
        guard let token = HTTPTrigger.bearer(request),
            session.opener?.needsSubject(of: sender, callers: session.callers) == true
        else { return session.serve(request, connection, of: sender) }
        core.tasks.start {
            var sender = sender
            sender.subject = try? await self.core.engine.identify(token).subject
            guard connection.transport.isOpen else { return }
            if self.open[session.id] != nil {
                session.serve(request, connection, of: sender)
            } else {
                self.refuse(connection, request, .unknownSession)
            }
            connection.advance()
        }
    }

    private func openEngine(
        _ request: HTTPRequest, _ connection: HTTPConnection, isUpgrade: Bool, takesOffsets: Bool
    ) {
        guard hub.hasRoomForConnects else { return connection.answer(hub.tooManyConnects, to: request) }
        guard let address = admittedAddress(request, connection) else { return }
        let session = EngineSession(
            self, id: hub.nextKey(), name: sessionName(), address: address, takesOffsets: takesOffsets)
        noteOpener(of: session, request)
        let settings = core.settings
        let handshake = EngineIOPacket.open(
            EngineIOHandshake(
                sid: session.name, upgrades: isUpgrade ? [] : ["websocket"],
                pingInterval: Int(settings.pingInterval.milliseconds),
                pingTimeout: Int(settings.pingTimeout.milliseconds), maxPayload: settings.maxPayload))
        if isUpgrade {
            guard let channel = openChannel(session, request, connection) else { return }
            session.channel = channel
            register(session)
            session.send(handshake)
            channel.begin(connection.takeRest())
        } else {
            register(session)
            session.send(handshake)
            session.poll(request, connection)
        }
    }

    /// The plain WebSocket that is bound to a path.
    func endpoint(at path: String) -> WebSocketEndpoint? { hub.routes.endpoints[path] }

    /// A request for a plain WebSocket.
    func openPlain(_ endpoint: WebSocketEndpoint, _ request: HTTPRequest, _ connection: HTTPConnection) {
        guard answers.origins.admits(request) else {
            let problem = Problem(.forbidden, "This origin may not use the sockets.")
            return connection.answer(problem, to: request)
        }
        guard !core.lifecycle.isStopping, hub.hasRoomForConnects else {
            return connection.answer(hub.tooManyConnects, to: request)
        }
        guard let address = admittedAddress(request, connection) else { return }
        let session = PlainSession(self, id: hub.nextKey(), name: sessionName(), address: address, endpoint)
        guard let channel = openChannel(session, request, connection) else { return }
        session.channel = channel
        register(session)
        session.begin(request)
        channel.begin(connection.takeRest())
    }

    /// A new session's id: whoever knows it may speak for its client.
    private func sessionName() -> String {
        core.engine.platform.secretIdentifier(workers?.prefix ?? "engine")
    }

    private func noteOpener(of session: EngineSession, _ request: HTTPRequest) {
        session.opener = SessionOpener(request, answers.origins)
        guard let token = HTTPTrigger.bearer(request) else { return }
        core.tasks.start {
            session.opener?.subject = try? await self.core.engine.identify(token).subject
        }
    }

    /// The client's address where it may open a session now. Where it may not, it is told when to come back.
    ///
    /// Where there is no place, or the client's address holds its share of them, the oldest session that is in no
    /// namespace yet goes: the address's own, if it has any.
    private func admittedAddress(_ request: HTTPRequest, _ connection: HTTPConnection) -> String? {
        let address = clients.of(request.headers, peer: connection.transport.address)
        let block = AddressBlock.of(address)
        if let wait = shares.handshakes.take(block, at: core.now) {
            connection.answer(
                Problem(
                    .rateExceeded, "Too many sockets are opened from this address.", retryAfter: wait),
                to: request)
            return nil
        }
        if shares.unconnected.admits(block, free: limits.connections - open.count) { return address }
        guard let oldest = shares.unconnected.oldest(of: block) ?? shares.unconnected.oldest(),
            let session = open[oldest]
        else {
            connection.answer(
                Problem(.busy, "Too many sockets.", retryAfter: limits.retryAfter), to: request)
            return nil
        }
        session.evict()
        return address
    }

    /// Answers an upgrade: the connection's transport is the WebSocket's from here on. Nil where it was refused, and the
    /// refusal answered.
    func openChannel(
        _ session: Session, _ request: HTTPRequest, _ connection: HTTPConnection
    ) -> WebSocketChannel? {
        let key: String
        do throws(WebSocketHandshakeError) {
            key = try WebSocketHandshake.check(request)
        } catch {
            var response = HTTPResponse(status: error.status, headers: HTTPAnswers.securityHeaders)
            for field in error.headers.fields { response.headers.add(field.name, field.value) }
            response.headers.add("Content-Type", "application/problem+json")
            let problem = Problem(.protocolError, error.detail, status: error.status)
            response.body = Array(problem.json.utf8)
            connection.answer(response, to: request)
            return nil
        }
        let endpoint = (session as? PlainSession)?.endpoint.settings
        let deflate = endpoint?.deflate == true ? PerMessageDeflate.negotiate(request.headers) : nil
        let subprotocol = endpoint.flatMap {
            WebSocketHandshake.subprotocol(offeredBy: request, among: $0.subprotocols)
        }
        let digest = Cryptography.sha1(Array((key + WebSocketHandshake.guid).utf8))
        let transport = connection.transport
        WebSocketHandshake.response(
            accept: Base64.encode(digest), subprotocol: subprotocol, extensions: deflate?.answer
        ).encode(
            into: &transport.output.bytes, toHead: false, keepAlive: true, date: core.dateText(),
            minorVersion: 1)
        let channel = WebSocketChannel(
            transport, session, deflate: deflate,
            payload: endpoint?.maxPayload ?? core.settings.maxPayload)
        transport.speaker = channel
        connection.isBusy = false
        return channel
    }

    // MARK: Answering

    func refuse(_ connection: HTTPConnection, _ request: HTTPRequest, _ fault: EngineIOFault) {
        answer(
            connection, request, status: fault.status, type: "application/json", Array(fault.json.utf8))
    }

    func answer(
        _ connection: HTTPConnection, _ request: HTTPRequest, status: Int = 200, type: String, _ body: [UInt8]
    ) {
        var headers = HTTPAnswers.securityHeaders
        headers.add("Content-Type", type)
        headers.add("Cache-Control", "no-store")
        connection.answer(HTTPResponse(status: status, headers: headers, body: body), to: request)
    }

    /// Has a session's poll answered at the end of the turn.
    func markDirty(_ session: EngineSession) {
        guard !session.isDirty else { return }
        session.isDirty = true
        dirty.append(session)
    }

    /// Answers the polls of sessions that have something to tell.
    func flushPolls() {
        while !dirty.isEmpty {
            let sessions = dirty
            dirty.removeAll(keepingCapacity: true)
            for session in sessions {
                session.isDirty = false
                if open[session.id] != nil { session.answerPoll() }
            }
        }
    }

    // MARK: Ending

    /// Says goodbye; to one whose event is being handled once that is acknowledged.
    func stop() { for session in Array(open.values) { session.stop() } }

    private func evict(_ entry: UInt64) -> Bool {
        guard let session = open[entry & ~(1 << 63)] else { return false }
        if let engine = session as? EngineSession { engine.evictAll() } else { session.evict() }
        return true
    }
}
