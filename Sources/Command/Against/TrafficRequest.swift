internal import Base
internal import Runtime

/// An HTTP request for a recorded event.
struct TrafficRequest {
    /// The request as it goes over the wire.
    let bytes: [UInt8]
    /// Whether the answer has no content.
    let isHead: Bool

    /// - Parameters:
    ///   - event: what was recorded; its trigger is HTTP.
    ///   - data: its input, with the host's own ids.
    ///   - host: the `Host` field.
    ///   - token: the bearer's token.
    ///   - address: where the recorded peer is said to be (`X-Forwarded-For`).
    init(
        _ event: Event, data: [UInt8], host: String, token: String?, address: String?
    ) throws(TrafficFailure) {
        guard case .http(let method, let path) = event.trigger else { throw .badEvent("it is not HTTP") }
        guard (1...32).contains(method.utf8.count), method.utf8.allSatisfy({ (0x41...0x5a).contains($0) })
        else { throw .badEvent("its method is none") }
        guard path.utf8.first == UInt8(ascii: "/") else { throw .badEvent("its path is none") }
        isHead = method == "HEAD"
        var target = Self.encoded(path, keeping: "/")
        var body = data
        // What has no content takes its input from the query.
        if isHead || method == "GET", let query = Self.query(data) {
            target += query
            body = []
        }
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        head += Self.fields(token: token, address: address)
        // So that the host's log names what is in the recording.
        if (1...128).contains(event.id.utf8.count),
            event.id.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") })
        {
            head += "X-Request-Id: \(event.id)\r\n"
        }
        if let key = event.idempotencyKey, key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) {
            head += "Idempotency-Key: \(key)\r\n"
        }
        if !body.isEmpty { head += "Content-Type: application/json\r\n" }
        if !body.isEmpty || !(isHead || method == "GET") { head += "Content-Length: \(body.count)\r\n" }
        bytes = Array((head + "\r\n").utf8) + body
    }

    /// Lines of a request's head that say who asks, and from where.
    static func fields(token: String?, address: String?) -> String {
        (token.map { "Authorization: Bearer \($0)\r\n" } ?? "")
            + (address.map { "X-Forwarded-For: \($0)\r\n" } ?? "")
    }

    /// A JSON object of texts as a query with its `?`; nil for anything else.
    private static func query(_ data: [UInt8]) -> String? {
        if data.isEmpty { return "" }
        guard let text = String(validating: data, as: UTF8.self),
            let members = JSONScanner.members(of: text)
        else { return nil }
        var items: [String] = []
        for (name, value) in members {
            guard let value = JSONScanner.string(of: value) else { return nil }
            items.append(encoded(name) + "=" + encoded(value))
        }
        return "?" + items.joined(separator: "&")
    }

    /// RFC 3986 section 2.1: everything but the unreserved characters, and `keeping`, as `%XX`.
    private static func encoded(_ text: String, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            case let byte where kept.utf8.contains(byte): result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
