internal import Runtime
internal import Wire

/// From which web pages sockets may be used: for polling as CORS has it (https://fetch.spec.whatwg.org/#http-cors-protocol),
/// and for WebSockets too, which browsers let any page open (RFC 6455 section 10.2).
struct OriginPolicy: Sendable {
    private let allowed: Set<String>
    private let allowsAll: Bool

    /// `origins` as the manifest has them: `scheme://host[:port]`, or `*` for all.
    init(_ origins: [String]) {
        allowed = Set(origins)
        allowsAll = origins.contains(SocketSettings.anyOrigin)
    }

    /// Whether a page of this request's origin may use the sockets: one of the list, or one of our own. What is no
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

    /// The fields of an answer to a request that was admitted.
    func headers(for request: HTTPRequest) -> [(String, String)] {
        guard let origin = request.headers["Origin"], admits(request) else { return [] }
        return [
            ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        ]
    }
}
