internal import Ledger
internal import Base
internal import Runtime
internal import Wire

/// HTTP/1.1: from a parsed request to an answer.
extension Serving {
    /// Takes what has arrived as far as it goes. Requests of one connection are answered one after the other, in order
    /// (RFC 9112 section 9.3.2).
    func advance(_ connection: Connection) {
        var owesContinue = false
        var head: HTTPRequest?
        // What is answered at once must not pile up either: the rest waits until some of it has been sent.
        while !connection.isBusy, !connection.isClosing, connection.waitingBytes <= limits.pipelinedBytes,
            hasTurn(connection)
        {
            let step: HTTPRequestParser.Step
            do throws(HTTPParseError) {
                guard let next = try connection.parser?.next() else { return }
                step = next
            } catch {
                refuse(connection, Problem(.protocolError, error.detail, status: error.status))
                return
            }
            switch step {
            case .needMore:
                if let head, !takesBody(head) { return refuse(connection, head) }
                // Not sooner: a body that is too large is refused instead, and one that is here needs no invitation.
                if owesContinue {
                    connection.output += HTTPResponse.continue
                    markDirty(connection)
                }
                waitForMore(connection)
                return
            case .head(let request):
                if let worker = otherWorker(for: request) {
                    connection.handedOn = (request, worker)
                    connection.isBusy = true
                    return markDirty(connection)
                }
                connection.sender = link(of: request)
                connection.parser?.bodyLimit = bodyLimit(for: request)
                owesContinue = request.expectsContinue
                head = request
            case .request(let request):
                head = nil
                connection.isReceivingRequest = false
                connection.sender = nil
                spend(
                    TurnCredit.Cost.request + request.target.utf8.count + request.body.count, of: connection)
                handle(request, connection)
            }
        }
        if !connection.isBusy, !connection.isClosing { connection.deadline = now + limits.idleTime }
        watch(connection)
    }

    private func waitForMore(_ connection: Connection) {
        let isIdle = connection.parser?.isBetweenRequests ?? true
        if isIdle {
            connection.isReceivingRequest = false
            connection.deadline = now + limits.idleTime
            if connection.peerHasEnded || isStopping { closeWhenSent(connection) }
        } else if connection.peerHasEnded {
            closeWhenSent(connection)
        } else if !connection.isReceivingRequest {
            connection.isReceivingRequest = true
            expire(connection, at: now + limits.requestTime)
        }
    }

    /// Whether what is behind a head may be of use. What can be refused by its head alone is not waited for.
    private func takesBody(_ request: HTTPRequest) -> Bool {
        if request.path == settings.path {
            guard let name = request.queryItems().first(where: { $0.name == "sid" })?.value else {
                return false
            }
            return linksByName[name] != nil
        }
        if case .function = router.match(method: request.method, path: request.path) { return true }
        return false
    }

    /// Answers a request of which the body has not arrived, and closes: where the next one begins is not known.
    private func refuse(_ connection: Connection, _ head: HTTPRequest) {
        var head = head
        head.keepsAlive = false
        connection.lingers = true
        handle(head, connection)
    }

    private func bodyLimit(for request: HTTPRequest) -> Int {
        if request.path == settings.path { return settings.maxPayload }
        guard case .function(let entry) = router.match(method: request.method, path: request.path) else {
            return httpLimits.bodyBytes
        }
        return min(entry.limits.body, httpLimits.bodyBytes)
    }

    private func handle(_ request: HTTPRequest, _ connection: Connection) {
        if request.path == settings.path { return serveEngine(request, connection) }
        if request.method == "OPTIONS", let options = options(request) {
            connection.isBusy = true
            return answer(connection, options, to: request)
        }
        if let endpoint = router.endpoints[request.path],
            WebSocketHandshake.isRequested(by: request) || !router.hasRoute(at: request.path)
        {
            return openPlain(endpoint, request, connection)
        }
        connection.isBusy = true
        connection.isProbe = Self.ownPaths.contains(request.path)
        guard origins.admits(request) else {
            return answer(connection, response(OriginPolicy.refusal, request), to: request)
        }
        if connection.isProbe { return serveOwn(request, connection) }
        switch router.match(method: request.method, path: request.path) {
        case .function(let entry):
            let id = connection.id
            let event = event(of: request, address: connection.address)
            if request.headers.contains("text/event-stream", inList: "accept") {
                return stream(entry, event, request, connection)
            }
            underWay { host in
                let outcome = await host.invoker.invoke(entry, event)
                guard let connection = host.connections[id] else { return }
                host.answer(connection, host.response(outcome, event), to: request)
                host.advance(connection)
            }
        case .otherMethods(let methods):
            var response = response(
                Problem(.methodNotAllowed, "\(request.path) takes \(methods.joined(separator: ", "))."),
                request)
            response.headers.add("Allow", Self.list(methods + ["OPTIONS"]))
            answer(connection, response, to: request)
        case .nothing(let suggestion):
            let hint = suggestion.map { " Did you mean \($0)?" } ?? ""
            let problem = Problem(
                .notFound, "No function is bound to \(request.method) \(request.path).\(hint)")
            answer(connection, response(problem, request), to: request)
        }
    }

    private func event(of request: HTTPRequest, address: String) -> Event {
        Event(
            id: requestID(of: request), time: invoker.platform.now(),
            trigger: .http(method: request.method, path: request.path),
            credential: bearer(request).map { .token($0) } ?? .none,
            address: clientAddress(request, peer: address),
            trace: request.headers["traceparent"].flatMap { TraceContext(traceparent: $0) },
            idempotencyKey: request.headers["Idempotency-Key"],
            data: request.body.isEmpty ? queryAsJSON(request) : request.body)
    }

    /// The token of the Authorization field (RFC 6750 section 2.1).
    func bearer(_ request: HTTPRequest) -> String? {
        HTTPAuthorization.bearerToken(request.headers["Authorization"])
    }

    /// The caller's id if it is a plain word, else a new one.
    private func requestID(of request: HTTPRequest) -> String {
        guard let given = request.headers["X-Request-Id"],
            (1...HostLimits.requestIDBytes).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") })
        else { return core.requestID() }
        return given
    }

    /// Whose request it is.
    func clientAddress(_ request: HTTPRequest, peer: String) -> String {
        clients.of(request.headers, peer: peer)
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

    // MARK: Answers

    func response(_ outcome: Outcome, _ event: Event) -> HTTPResponse {
        var headers = Self.securityHeaders
        headers.add("Content-Type", outcome.isSuccess ? "application/json" : "application/problem+json")
        headers.add("X-Request-Id", event.id)
        if let trace = outcome.trace { headers.add("traceparent", trace.traceparent) }
        for (name, value) in outcome.rateHeaders(now: event.time) { headers.add(name, value) }
        if outcome.isRepeated { headers.add("Idempotent-Replayed", "true") }
        if outcome.status == 401 { headers.add("WWW-Authenticate", "Bearer") }
        return HTTPResponse(status: outcome.status, headers: headers, body: Array(outcome.json.utf8))
    }

    func response(_ problem: Problem, _ request: HTTPRequest?) -> HTTPResponse {
        var problem = problem
        problem.instance = request.map { requestID(of: $0) } ?? core.requestID()
        var headers = Self.securityHeaders
        headers.add("Content-Type", "application/problem+json")
        headers.add("X-Request-Id", problem.instance ?? "")
        if let seconds = problem.retryAfterSeconds { headers.add("Retry-After", String(seconds)) }
        return HTTPResponse(status: problem.status, headers: headers, body: Array(problem.json.utf8))
    }

    /// The guide's, on every answer.
    static let securityHeaders = HTTPHeaders([
        ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "1; mode=block"),
    ])

    /// Queues the answer. What the client has sent behind the request is for `advance`: calling it from here would go a
    /// level deeper with every pipelined request.
    func answer(_ connection: Connection, _ response: HTTPResponse, to request: HTTPRequest) {
        let keepsAlive = request.keepsAlive && !isStopping
        var response = response
        if response.headers["X-Request-Id"] == nil {
            response.headers.add("X-Request-Id", requestID(of: request))
        }
        origins.add(to: &response.headers, for: request)
        connection.credit.spend(response.body.count)
        response.encode(
            into: &connection.output, toHead: request.method == "HEAD", keepAlive: keepsAlive,
            date: core.dateText(),
            minorVersion: request.minorVersion)
        connection.isBusy = false
        if keepsAlive { markDirty(connection) } else { closeWhenSent(connection) }
    }

    /// Answers what is no request, and closes: where it would go on is unknown (RFC 9112 section 2.2).
    func refuse(_ connection: Connection, _ problem: Problem) {
        response(problem, nil).encode(
            into: &connection.output, toHead: false, keepAlive: false, date: core.dateText(), minorVersion: 1)
        connection.lingers = true
        closeWhenSent(connection)
    }

    // MARK: What every host answers

    private func serveOwn(_ request: HTTPRequest, _ connection: Connection) {
        underWay { [id = connection.id] host in
            let response = await host.builtIn(request)
            guard let connection = host.connections[id] else { return }
            host.answer(connection, response, to: request)
            host.advance(connection)
        }
    }

    private func builtIn(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = response(Problem(.methodNotAllowed, "\(request.path) takes GET."), request)
            response.headers.add("Allow", "GET, HEAD, OPTIONS")
            return response
        }
        var headers = Self.securityHeaders
        headers.add("Cache-Control", "no-store")
        switch request.path {
        case "/metrics":
            headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            return HTTPResponse(status: 200, headers: headers, body: await metrics())
        case "/healthz":
            headers.add("Content-Type", "application/json")
            return HTTPResponse(status: 200, headers: headers, body: Array(#"{"status":"ok"}"#.utf8))
        default:
            let keepsPromises = (try? await invoker.state.check()) != nil
            let isReady = keepsPromises && !isStopping
            headers.add("Content-Type", "application/json")
            let body = isReady ? #"{"status":"ready"}"# : #"{"status":"not ready"}"#
            return HTTPResponse(status: isReady ? 200 : 503, headers: headers, body: Array(body.utf8))
        }
    }

    private static let ownPaths: Set<String> = ["/metrics", "/healthz", "/readyz"]

    /// What a path takes (RFC 9110 section 9.3.7), and what a browser asks before it lets a page of another origin
    /// send a request. Nil for an unknown path.
    private func options(_ request: HTTPRequest) -> HTTPResponse? {
        let methods: [String]
        switch request.path {
        case "*": methods = router.allMethods
        case let path where Self.ownPaths.contains(path): methods = ["GET", "HEAD"]
        case let path where router.endpoints[path] != nil: methods = router.methods(at: path) ?? ["GET"]
        case let path:
            guard let known = router.methods(at: path) else { return nil }
            methods = known
        }
        return options(request, methods: methods)
    }

    /// The answer for a path that takes these methods.
    func options(_ request: HTTPRequest, methods: [String]) -> HTTPResponse {
        guard origins.admits(request) else { return response(OriginPolicy.refusal, request) }
        var headers = Self.securityHeaders
        if OriginPolicy.isPreflight(request) {
            for (name, value) in OriginPolicy.preflight(request, methods: methods) {
                headers.add(name, value)
            }
        } else {
            headers.add("Allow", Self.list(methods + ["OPTIONS"]))
        }
        return HTTPResponse(status: 204, headers: headers)
    }

    private static func list(_ methods: [String]) -> String { methods.joined(separator: ", ") }

    /// The text is made anew only after a moment: it costs as much as many actions.
    private func metrics() async -> [UInt8] {
        if let metricsText, now < metricsText.at + limits.metricsAge { return metricsText.bytes }
        let bytes = Array(invoker.metrics.exposition(await gauges()).utf8)
        metricsText = (now, bytes)
        return bytes
    }

    private func gauges() async -> [Metrics.Gauge] {
        var gauges = [
            Metrics.Gauge(
                "gestaloka_open_sockets", "Connected Socket.IO sockets.", [([], Double(openSockets))]),
            Metrics.Gauge(
                "gestaloka_connections", "Open TCP connections.", [([], Double(connections.count))]),
        ]
        for trigger in triggers { gauges += await trigger.gauges() }
        return gauges
    }
}
