internal import Base

/// One HTTP/1 request.
public struct HTTPRequest: Sendable, Equatable {
    /// The method as received; methods are case-sensitive (RFC 9110 9.1).
    public var method: String
    /// The request target as received.
    public var target: String
    /// The path of the target, percent-decoded, without the query; `*` for `OPTIONS *`. Dot segments stay, and so do
    /// `%2F` and `%25`: an encoded slash separates nothing (RFC 3986 section 2.2), and no two paths become one.
    public var path: String
    /// The raw query behind the `?`, which may be empty; nil without a `?`.
    public var query: String?
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and any later 1.x.
    public var minorVersion: Int
    /// The authority of an absolute target, else the Host field (RFC 9112 3.2.2, 3.3).
    public var host: String?
    /// The header fields; trailer fields are dropped.
    public var headers: HTTPHeaders
    /// The content, its transfer coding removed.
    public var body: [UInt8]
    /// Whether the content was longer than may be, and so was dropped (`HTTPRequestParser.dropsOverflow`).
    public var isCut = false
    /// Whether the client would send another request on this connection (RFC 9112 9.3).
    public var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends a body (RFC 9110 10.1.1).
    public var expectsContinue: Bool

    /// A request made by hand; the parser makes those from the wire.
    public init(
        method: String, target: String, path: String, query: String? = nil, minorVersion: Int = 1,
        host: String? = nil, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [],
        keepsAlive: Bool = true, expectsContinue: Bool = false
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.minorVersion = minorVersion
        self.host = host
        self.headers = headers
        self.body = body
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
    }

    /// Whether the client asks to go over to this protocol. Never over HTTP/1.0 (RFC 9110 7.8).
    public func isUpgrade(to name: String) -> Bool {
        minorVersion >= 1 && headers.contains("upgrade", inList: "connection")
            && headers.contains(name, inList: "upgrade")
    }

    /// The pairs of the query in order, as a form encodes them: `+` and percent-encoding decoded, a name
    /// without `=` with an empty value, empty pairs left out. A `%` that starts no encoding stands for itself,
    /// and what is then no UTF-8 becomes U+FFFD: which names and values are valid is for their reader to say.
    public func queryItems() -> [(name: String, value: String)] {
        guard let query else { return [] }
        return query.utf8.split(separator: ASCII.ampersand).map { pair in
            guard let equals = pair.firstIndex(of: ASCII.equals) else {
                return (name: FormCoding.decoded(pair), value: "")
            }
            return (
                name: FormCoding.decoded(pair[..<equals]),
                value: FormCoding.decoded(pair[pair.index(after: equals)...])
            )
        }
    }
}

/// The decoding of `application/x-www-form-urlencoded`, as the URL standard has it.
private enum FormCoding {
    static func decoded(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            if byte == ASCII.percent, let (decoded, next) = pairOfDigits(text, at: index) {
                bytes.append(decoded)
                index = next
            } else {
                bytes.append(byte == ASCII.plus ? ASCII.space : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func pairOfDigits(
        _ text: Substring.UTF8View, at index: Substring.UTF8View.Index
    ) -> (UInt8, Substring.UTF8View.Index)? {
        guard index < text.endIndex, let high = ASCII.hexValue(text[index]) else { return nil }
        let second = text.index(after: index)
        guard second < text.endIndex, let low = ASCII.hexValue(text[second]) else { return nil }
        return (high << 4 | low, text.index(after: second))
    }
}
