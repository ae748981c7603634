internal import Base
internal import Runtime
internal import Wire

/// From which web pages this host may be used, over HTTP, polling and event streams as CORS has it
/// (https://fetch.spec.whatwg.org/#http-cors-protocol), and over WebSockets too, which browsers let any page open
/// (RFC 6455 section 10.2). A request of another page is refused, so that nothing is done for it: without the fields
/// of CORS its browser would only keep the answer from it.
struct OriginPolicy: Sendable {
    private let allowed: Set<String>
    private let allowsAll: Bool

    /// `origins` as the manifest has them: `scheme://host[:port]`, or `*` for all.
    init(_ origins: [String]) {
        allowed = Set(origins)
        allowsAll = origins.contains(SocketSettings.anyOrigin)
    }

    /// What a request of a page that is not admitted is told.
    static let refusal = Problem(.forbidden, "Pages of this origin may not use this host.")

    /// Whether a page of this request's origin may use this host: one of the list, or one of our own. What is no
    /// browser names no origin.
    func admits(_ request: HTTPRequest) -> Bool {
        guard let field = request.headers["Origin"] else { return true }
        if allowsAll { return true }
        guard let origin = WebOrigin.canonical(field) else { return false }
        return allowed.contains(origin) || isOwn(origin, request)
    }

    private func isOwn(_ origin: String, _ request: HTTPRequest) -> Bool {
        // A proxy in front may have ended TLS, so that the scheme says nothing of where the page is from.
        guard let host = request.host else { return false }
        return ["http", "https"].contains { WebOrigin.canonical("\($0)://\(host)") == origin }
    }

    /// The origin of a page that is not one of ours. Nil for our own pages, which a browser names with a POST and not
    /// with a GET, and for what is no browser.
    func foreignOrigin(of request: HTTPRequest) -> String? {
        guard let field = request.headers["Origin"] else { return nil }
        guard let origin = WebOrigin.canonical(field) else { return String(field.prefix(256)) }
        return isOwn(origin, request) ? nil : origin
    }

    /// Adds the fields by which a browser shows the answer to a page that is admitted.
    func add(to headers: inout HTTPHeaders, for request: HTTPRequest) {
        guard let origin = request.headers["Origin"], admits(request) else { return }
        headers.add("Access-Control-Allow-Origin", origin)
        headers.add("Access-Control-Allow-Credentials", "true")
        headers.add("Access-Control-Expose-Headers", Self.exposed)
        headers.add("Vary", "Origin")
    }

    /// The fields of our answers that a page may need, beside those that every page sees.
    private static let exposed = [
        "X-Request-Id", "traceparent", "Retry-After", "RateLimit-Policy", "RateLimit", "X-RateLimit-Limit",
        "X-RateLimit-Remaining", "X-RateLimit-Reset",
    ].joined(separator: ", ")

    /// Whether a browser asks if a page may send a request.
    static func isPreflight(_ request: HTTPRequest) -> Bool {
        request.method == "OPTIONS" && request.headers["Origin"] != nil
            && request.headers["Access-Control-Request-Method"] != nil
    }

    /// What a preflight is told of a path with these methods, beside `add`.
    static func preflight(_ request: HTTPRequest, methods: [String]) -> [(String, String)] {
        var fields = [
            ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
            ("Access-Control-Max-Age", String(HostLimits.preflightSeconds)),
            ("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
        if let asked = request.headers["Access-Control-Request-Headers"] {
            fields.append(("Access-Control-Allow-Headers", asked))
        }
        return fields
    }
}
