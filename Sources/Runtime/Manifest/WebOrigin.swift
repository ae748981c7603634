internal import Functions

/// Reads the origin of a web page as text, so that equal origins compare equal as strings.
public enum WebOrigin {
    /// The one way to write an origin (RFC 6454 section 6.2): `scheme://host` or `scheme://host:port` in lower case,
    /// without the default port of http and https. Nil for anything else, `null` and what has a path included.
    public static func canonical(_ text: String) -> String? {
        guard let (scheme, rest) = scheme(of: text), let (host, port) = HostAddress.split(String(rest)) else {
            return nil
        }
        guard let port, port != defaultPorts[scheme] else { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port)"
    }

    /// The scheme in lower case and what follows `://`.
    static func scheme(of text: String) -> (scheme: String, rest: Substring)? {
        guard text.utf8.count <= ManifestBounds.hostBytes, let colon = text.firstIndex(of: ":"),
            text[colon...].hasPrefix("://")
        else { return nil }
        let scheme = text[..<colon]
        guard let first = scheme.utf8.first, isLetter(first), scheme.utf8.allSatisfy(isSchemeByte) else {
            return nil
        }
        return (scheme.lowercased(), text[colon...].dropFirst(3))
    }

    private static let defaultPorts = ["http": 80, "https": 443]

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }

    /// RFC 3986, section 3.1.
    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (48...57).contains(byte)
            || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
    }
}
