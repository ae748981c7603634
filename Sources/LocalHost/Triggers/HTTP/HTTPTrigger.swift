internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// The trigger `http`: from a parsed request to an answer. Whatever else is spoken on the host's port begins here, too:
/// sockets, and what every host answers.
final class HTTPTrigger: TriggerKind {
    let core: HostCore
    let routes: HTTPRoutes
    let answers: HTTPAnswers
    let sessions: Sessions
    let workers: OtherWorkers?
    let httpLimits: HTTPLimits
    private let transports: Transports
    private let clients: ClientAddress
    private let ownPaths: OwnPaths

    init(
        _ transports: Transports, _ routes: HTTPRoutes, _ clients: ClientAddress, _ answers: HTTPAnswers,
        _ sessions: Sessions, _ ownPaths: OwnPaths, workers: OtherWorkers?
    ) {
        core = transports.core
        self.transports = transports
        self.routes = routes
        self.clients = clients
        self.answers = answers
        self.sessions = sessions
        self.ownPaths = ownPaths
        self.workers = workers
        var limits = HTTPLimits.standard
        limits.bodyBytes = max(routes.largestBody, core.settings.maxPayload)
        httpLimits = limits
    }

    func start() {}

    /// Closes connections on which nothing is owed. Who watches the host on one is told first that it is not ready.
    func stop() {
        for transport in transports.open.values { (transport.speaker as? HTTPConnection)?.stop() }
    }

    // MARK: Requests

    func handle(_ request: HTTPRequest, _ connection: HTTPConnection) {
        if isForSockets(request) { return sessions.serve(request, connection) }
        connection.isBusy = true
        if request.method == "OPTIONS", let methods = methods(at: request.path) {
            return connection.answer(answers.options(request, methods: methods), to: request)
        }
        if let endpoint = sessions.endpoint(at: request.path),
            WebSocketHandshake.isRequested(by: request) || !routes.hasPath(request.path)
        {
            return sessions.openPlain(endpoint, request, connection)
        }
        connection.isProbe = OwnPaths.all.contains(request.path)
        guard answers.origins.admits(request) else {
            return connection.answer(OriginPolicy.refusal, to: request)
        }
        if connection.isProbe { return serveOwn(request, connection) }
        switch routes.match(method: request.method, path: request.path) {
        case .function(let entry): invoke(entry, request, connection)
        case .otherMethods(let methods):
            let problem = Problem(
                .methodNotAllowed, "\(request.path) takes \(methods.joined(separator: ", ")).")
            var response = answers.response(problem, request)
            response.headers.add("Allow", HTTPAnswers.list(methods + ["OPTIONS"]))
            connection.answer(response, to: request)
        case .nothing(let suggestion):
            let hint = suggestion.map { " Did you mean \($0)?" } ?? ""
            connection.answer(
                Problem(.notFound, "No function is bound to \(request.method) \(request.path).\(hint)"),
                to: request)
        }
    }

    private func invoke(_ entry: FunctionEntry, _ request: HTTPRequest, _ connection: HTTPConnection) {
        let event = event(of: request, address: connection.transport.address)
        if request.headers.contains("text/event-stream", inList: "accept") {
            let stream = EventStream(request, event, connection, self)
            connection.stream = stream
            return stream.run(entry)
        }
        core.tasks.start {
            let outcome = await self.core.engine.invoke(entry, event)
            guard connection.transport.isOpen else { return }
            connection.answer(self.answers.response(outcome, event), to: request)
            connection.advance()
        }
    }

    private func serveOwn(_ request: HTTPRequest, _ connection: HTTPConnection) {
        core.tasks.start {
            let response = await self.ownPaths.answer(request)
            guard connection.transport.isOpen else { return }
            connection.answer(response, to: request)
            connection.advance()
        }
    }

    private func event(of request: HTTPRequest, address: String) -> Event {
        Event(
            id: answers.requestID(of: request), time: core.wallClock,
            trigger: .http(method: request.method, path: request.path),
            credential: Self.bearer(request).map { .token($0) } ?? .none,
            address: clients.of(request.headers, peer: address),
            trace: request.headers["traceparent"].flatMap { TraceContext(traceparent: $0) },
            idempotencyKey: request.headers["Idempotency-Key"],
            data: request.body.isEmpty ? queryAsJSON(request) : request.body)
    }

    /// The token of the Authorization field (RFC 6750 section 2.1).
    static func bearer(_ request: HTTPRequest) -> String? {
        HTTPAuthorization.bearerToken(request.headers["Authorization"])
    }

    /// The query of a request without a body, as the members of a JSON object. The first of a repeated name counts.
    private func queryAsJSON(_ request: HTTPRequest) -> [UInt8] {
        guard request.query != nil else { return [] }
        var seen: Set<String> = []
        let members = request.queryItems().filter { seen.insert($0.name).inserted }.map {
            JSONScanner.quoted($0.name) + ":" + JSONScanner.quoted($0.value)
        }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    private func isForSockets(_ request: HTTPRequest) -> Bool {
        request.path == core.settings.path && !request.path.isEmpty
    }

    // MARK: Heads

    /// Whether what is behind a head may be of use. What can be refused by its head alone is not waited for.
    func takesBody(of request: HTTPRequest) -> Bool {
        if isForSockets(request) { return sessions.knowsSession(of: request) }
        if case .function = routes.match(method: request.method, path: request.path) { return true }
        return false
    }

    func bodyLimit(of request: HTTPRequest) -> Int {
        if isForSockets(request) { return core.settings.maxPayload }
        guard case .function(let entry) = routes.match(method: request.method, path: request.path) else {
            return httpLimits.bodyBytes
        }
        return min(entry.limits.body, httpLimits.bodyBytes)
    }

    /// What a path takes; nil where it is unknown.
    private func methods(at path: String) -> [String]? {
        if path == "*" { return routes.allMethods }
        if OwnPaths.all.contains(path) { return ["GET", "HEAD"] }
        return routes.methods(at: path) ?? (sessions.endpoint(at: path) == nil ? nil : ["GET"])
    }
}
