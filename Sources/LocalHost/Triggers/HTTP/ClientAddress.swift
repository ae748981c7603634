internal import Base
internal import Runtime
internal import Wire

/// Whose request it is: the address of the client, behind the proxies that are trusted.
struct ClientAddress: Sendable {
    private let proxies: Set<String>
    private let header: ForwardedHeader

    /// `proxies` as ``IPLiteral`` writes them; what they say stands in `header` and nowhere else.
    init(proxies: [String], header: ForwardedHeader) {
        self.proxies = Set(proxies)
        self.header = header
    }

    /// Whether an address is one of the trusted proxies', and so many clients'.
    func trusts(_ address: String) -> Bool { proxies.contains(address) }

    /// The last address that the proxies name and that is none of theirs; where they name something else (an
    /// identifier, `unknown`, nothing), the proxy that says so. The peer itself where it is no trusted proxy.
    func of(_ headers: HTTPHeaders, peer: String) -> String {
        guard !proxies.isEmpty, proxies.contains(peer), let field = headers[header.rawValue] else {
            return peer
        }
        var address = peer
        for node in nodes(field).suffix(HostLimits.proxyHops).reversed() {
            guard let candidate = node.flatMap(Self.address) else { return address }
            address = candidate
            if !proxies.contains(candidate) { return address }
        }
        return address
    }

    private func nodes(_ field: String) -> [String?] {
        switch header {
        case .xForwardedFor: field.split(separator: ",").map { String($0.trimmingBlanks) }
        case .forwarded: HTTPForwarded.nodes(field) ?? []
        }
    }

    /// The address of a node, with a port or without (RFC 7239 section 6): `192.0.2.1:8080`, `[2001:db8::1]:8080`,
    /// `[2001:db8::1]`, and IPv6 without brackets. Nil for anything else.
    static func address(_ node: String) -> String? {
        if let address = IPLiteral.canonical(node) { return address }
        if node.hasPrefix("[") {
            guard let close = node.firstIndex(of: "]") else { return nil }
            let literal = node[..<close].dropFirst()
            guard literal.contains(":"), isPort(node[close...].dropFirst(), orNone: true) else { return nil }
            return IPLiteral.canonical(String(literal))
        }
        guard let colon = node.firstIndex(of: ":"), isPort(node[colon...], orNone: false) else { return nil }
        return IPLiteral.canonical(String(node[..<colon]))
    }

    /// `:` and a number, or a port's obfuscated name (RFC 7239 section 6.3).
    private static func isPort(_ text: Substring, orNone: Bool) -> Bool {
        guard let colon = text.first else { return orNone }
        let port = text.dropFirst().utf8
        guard colon == ":", let first = port.first else { return false }
        if first == UInt8(ascii: "_") { return port.count > 1 && port.dropFirst().allSatisfy(isNameByte) }
        return port.count <= 5 && port.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = self.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
