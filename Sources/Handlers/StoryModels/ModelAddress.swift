internal import Functions
internal import Manifest
internal import Net

/// Where a model is asked: an `http` or `https` URL taken apart (RFC 3986).
struct ModelAddress: Equatable {
    let isSecure: Bool
    /// The name or address, IPv6 in brackets, lower case.
    let host: String
    let port: Int
    /// From the first `/`, with the query.
    let target: String

    /// Reads a URL; nil for what is none, or has user information or a fragment.
    init?(_ url: String) {
        guard url.utf8.count <= 2_048, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let rest: Substring
        if url.lowercased().hasPrefix("https://") {
            (isSecure, rest) = (true, url.dropFirst(8))
        } else if url.lowercased().hasPrefix("http://") {
            (isSecure, rest) = (false, url.dropFirst(7))
        } else {
            return nil
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let canonical = HostAddress.canonical(String(rest[..<end])), !rest.contains("#") else {
            return nil
        }
        let close = canonical.lastIndex(of: "]")
        let colon = canonical.lastIndex(of: ":").flatMap { colon in
            close.map { colon > $0 } ?? true ? colon : nil
        }
        host = colon.map { String(canonical[..<$0]) } ?? canonical
        port = colon.flatMap { Int(canonical[$0...].dropFirst()) } ?? (isSecure ? 443 : 80)
        let path = String(rest[end...])
        target = path.hasPrefix("/") ? path : "/" + path
    }

    /// The address of the chat completions of a server of which the base (`…/v1`) or the whole path is given.
    init?(completionsOf url: String) {
        var text = url
        while text.hasSuffix("/") { text.removeLast() }
        self.init(text.hasSuffix("/chat/completions") ? text : text + "/chat/completions")
    }

    /// The address that a redirect from here points to; nil where it is none.
    func redirected(to location: String) -> ModelAddress? {
        if location.hasPrefix("//") { return ModelAddress((isSecure ? "https:" : "http:") + location) }
        if location.hasPrefix("/") {
            return ModelAddress("\(isSecure ? "https" : "http")://\(authority)\(location)")
        }
        return ModelAddress(location)
    }

    /// The host and port as a request names them.
    var authority: String { isDefaultPort ? host : "\(host):\(port)" }

    private var isDefaultPort: Bool { port == (isSecure ? 443 : 80) }

    /// The name without an IPv6 address's brackets.
    var name: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

    /// Whether the host is an address and no name.
    var isAddress: Bool { host.hasPrefix("[") || host.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 } }

    /// Whom to connect to.
    var peer: ClientConnection.Peer {
        ClientConnection.Peer(name: name, port: port, isLiteral: isAddress, isSecure: isSecure)
    }

    /// Whether one of the manifest's hosts is this one: with its port, or without where it is the scheme's own.
    func isAllowed(by hosts: [String]) -> Bool {
        hosts.contains { $0 == "\(host):\(port)" || (isDefaultPort && $0 == host) }
    }
}
