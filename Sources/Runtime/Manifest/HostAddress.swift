internal import Functions
internal import Identity

/// Reads `host` and `host:port` as text, so that equal ones compare equal as strings.
public enum HostAddress {
    /// The one way to write a host with its optional port: lower case, IP addresses as ``IPLiteral`` writes them,
    /// IPv6 in brackets, the port without leading zeros. Nil for anything else: a URL, user information, a name
    /// that is not ASCII, an IPv6 address without brackets.
    public static func canonical(_ text: String) -> String? {
        guard let (host, port) = split(text) else { return nil }
        return port.map { "\(host):\($0)" } ?? host
    }

    /// The canonical host and its port, if it has one.
    static func split(_ text: String) -> (host: String, port: Int?)? {
        guard text.utf8.count <= ManifestBounds.hostBytes else { return nil }
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]"),
                let address = IPLiteral.canonical(String(text[..<close].dropFirst())), address.contains(":")
            else { return nil }
            return split("[\(address)]", after: text[close...].dropFirst())
        }
        let name = text.prefix { $0 != ":" }
        guard let host = host(name) else { return nil }
        return split(host, after: text[name.endIndex...])
    }

    private static func split(_ host: String, after rest: Substring) -> (host: String, port: Int?)? {
        if rest.isEmpty { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits),
            ManifestBounds.port.contains(port)
        else { return nil }
        return (host, port)
    }

    /// A name of labels (RFC 1123 section 2.1, and `_`, which names of services in private networks have) or an
    /// IPv4 address.
    private static func host(_ text: Substring) -> String? {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last else { return nil }
        // A name that ends in a number is an address to every client (WHATWG URL, "ends in a number").
        if last.utf8.allSatisfy({ (48...57).contains($0) }) { return IPLiteral.canonical(String(text)) }
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.first != hyphen && label.utf8.last != hyphen
                && label.utf8.allSatisfy(isLabelByte)
        }
        return isName && text.utf8.count <= 253 ? text.lowercased() : nil
    }

    private static let hyphen = UInt8(ascii: "-")

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen, UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
