/// The host that traffic is sent to, as its URL names it: `http://HOST[:PORT]`.
struct TargetHost: Sendable, Equatable {
    /// The name or literal address, without brackets.
    let name: String
    /// 80 where the URL has none.
    let port: Int

    /// What stands in the `Host` field (RFC 9110 section 7.2).
    var authority: String {
        let shown = name.contains(":") ? "[\(name)]" : name
        return port == 80 ? shown : "\(shown):\(port)"
    }

    /// Reads a URL (RFC 3986); one with more than a scheme and an authority is refused.
    init(url: String) throws(AgainstError) {
        guard !url.lowercased().hasPrefix("https://") else {
            throw .badURL(url, "is HTTPS, which is not spoken here: name the host's own http:// address")
        }
        guard url.lowercased().hasPrefix("http://") else {
            throw .badURL(url, "must be a URL such as http://127.0.0.1:8000")
        }
        var rest = Substring(url.utf8.dropFirst(7))
        if rest.utf8.last == UInt8(ascii: "/") { rest = Substring(rest.utf8.dropLast()) }
        guard !rest.utf8.contains(where: { Array("/?#".utf8).contains($0) }) else {
            throw .badURL(url, "must have nothing behind the host: the paths are the recording's")
        }
        guard !rest.utf8.contains(UInt8(ascii: "@")) else {
            throw .badURL(url, "must have no user in it")
        }
        let isLiteral = rest.hasPrefix("[")
        let end = isLiteral ? rest.firstIndex(of: "]") : rest.firstIndex(of: ":")
        if isLiteral, end == nil { throw .badURL(url, "has a '[' without its ']'") }
        let name = String((isLiteral ? rest.dropFirst() : rest).prefix { $0 != (isLiteral ? "]" : ":") })
        var tail = end.map { rest[$0...] } ?? ""
        if isLiteral { tail = tail.dropFirst() }
        guard !name.isEmpty, name.utf8.count <= 253, name.utf8.allSatisfy(Self.isHostByte),
            isLiteral || !name.contains(":")
        else {
            throw .badURL(url, "has no host, or one with other characters than a host has")
        }
        self.name = name
        guard !tail.isEmpty else {
            port = 80
            return
        }
        guard tail.first == ":", tail.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(tail.dropFirst()), (1...65_535).contains(port)
        else { throw .badURL(url, "must have a port from 1 to 65535 behind the ':'") }
        self.port = port
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        default: false
        }
    }
}
