internal import Base
internal import Runtime
internal import Wire

/// What answers over HTTP have in common: ids, problems, and the fields that every one has.
final class HTTPAnswers {
    private let core: HostCore
    let origins: OriginPolicy

    init(_ core: HostCore) {
        self.core = core
        origins = OriginPolicy(core.settings.allowedOrigins)
    }

    /// The guide's, on every answer.
    static let securityHeaders = HTTPHeaders([
        ("X-Frame-Options", "DENY"), ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "1; mode=block"),
    ])

    /// The answer of an invocation.
    func response(_ outcome: Outcome, _ event: Event) -> HTTPResponse {
        HTTPResponse(
            status: outcome.status, headers: outcome.httpHeaders(event),
            body: outcome.gateway?.body ?? Array(outcome.json.utf8))
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

    /// The head of an answer that goes out as events.
    func streamHead(_ request: HTTPRequest, _ event: Event) -> HTTPResponse {
        var headers = Self.securityHeaders
        headers.add("Content-Type", "text/event-stream")
        headers.add("Cache-Control", "no-store")
        headers.add("X-Request-Id", event.id)
        // nginx would gather what is to be seen at once.
        headers.add("X-Accel-Buffering", "no")
        origins.add(to: &headers, for: request)
        return HTTPResponse(status: 200, headers: headers)
    }

    /// The answer to OPTIONS for a path that takes these methods (RFC 9110 section 9.3.7), and what a browser asks before
    /// it lets a page of another origin send a request.
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

    static func list(_ methods: [String]) -> String { methods.joined(separator: ", ") }

    /// Adds what every answer to a request has.
    func complete(_ response: HTTPResponse, for request: HTTPRequest) -> HTTPResponse {
        var response = response
        if response.headers["X-Request-Id"] == nil {
            response.headers.add("X-Request-Id", requestID(of: request))
        }
        origins.add(to: &response.headers, for: request)
        return response
    }

    /// The caller's id if it is a plain word, else a new one.
    func requestID(of request: HTTPRequest) -> String {
        guard let given = request.headers["X-Request-Id"],
            (1...HostLimits.requestIDBytes).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") })
        else { return core.requestID() }
        return given
    }
}
