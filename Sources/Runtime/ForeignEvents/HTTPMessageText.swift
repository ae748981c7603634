internal import Base
internal import Functions
internal import Wire

/// Reads one HTTP request out of a text.
///
/// The head is brought into the form of RFC 9112, and the parser for connections reads it then. Logs write it with LF,
/// name HTTP/2 or HTTP/3 as its version, and leave `Host` or `Content-Length` out; without a length the body is all
/// that follows, but for one line end that an editor has put behind it.
enum HTTPMessageText {
    /// More than the parser takes of a head (`HTTPLimits`), and where the search for its end stops.
    private static let headBytes = 64 * 1024

    static func request(_ text: ArraySlice<UInt8>, bodyLimit: Int) throws(EventFault) -> HTTPRequest {
        var lines = TextLines(text)
        guard let first = lines.nextFilled() else { throw EventFault(nil, "has no event") }
        guard let requestLine = requestLine(first) else {
            throw EventFault(
                nil,
                first.starts(with: "HTTP/".utf8)
                    ? "is an HTTP response; CloudEvents are read from requests"
                    : "is of no form that is read: it starts as neither JSON nor an HTTP request")
        }
        var head = requestLine
        var body: ArraySlice<UInt8>?
        var (hasHost, hasLength) = (false, false)
        while let line = lines.next() {
            if line.isEmpty {
                body = lines.rest
                break
            }
            let name = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }.prefix(32), as: UTF8.self)
                .lowercased()
            if name == "host" { hasHost = true }
            if name == "content-length" || name == "transfer-encoding" { hasLength = true }
            head += line + Self.lineEnd
            guard head.count <= headBytes else {
                throw EventFault(nil, "is an HTTP request whose head has more than \(headBytes) bytes")
            }
        }
        var content = body ?? []
        if !hasHost { head += "Host: localhost\r\n".utf8 }
        if !hasLength {
            if content.last == UInt8(ascii: "\n") {
                content.removeLast()
                if content.last == UInt8(ascii: "\r") { content.removeLast() }
            }
            head += "Content-Length: \(content.count)\r\n".utf8
        }
        return try parsed(head + Self.lineEnd, content, bodyLimit: bodyLimit)
    }

    private static let lineEnd: [UInt8] = [0x0D, 0x0A]

    /// The line with a version that the parser takes, and its end; nil where it is no request line.
    private static func requestLine(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        guard line.count <= headBytes, let space = line.lastIndex(of: UInt8(ascii: " ")),
            line[(space + 1)...].starts(with: "HTTP/".utf8)
        else { return nil }
        let version = line[(space + 1)...]
        let isLater = ["HTTP/2", "HTTP/2.0", "HTTP/3", "HTTP/3.0"].contains { version.elementsEqual($0.utf8) }
        return line[...space] + (isLater ? Array("HTTP/1.1".utf8) : Array(version)) + lineEnd
    }

    private static func parsed(
        _ head: [UInt8], _ content: ArraySlice<UInt8>, bodyLimit: Int
    ) throws(EventFault) -> HTTPRequest {
        var parser = HTTPRequestParser(limits: HTTPLimits(bodyBytes: bodyLimit))
        parser.append(head)
        parser.append(content)
        while true {
            let step: HTTPRequestParser.Step
            do throws(HTTPParseError) {
                step = try parser.next()
            } catch {
                let detail = error.detail.hasSuffix(".") ? String(error.detail.dropLast()) : error.detail
                throw EventFault(nil, "is no HTTP request that can be read: \(detail)")
            }
            switch step {
            case .head: continue
            case .needMore:
                throw EventFault(nil, "is an HTTP request that ends before its body does")
            case .request(let request):
                guard parser.takeRemaining()[...].trimmed.isEmpty else {
                    throw EventFault(
                        nil,
                        "is an HTTP request that goes on behind its body: its length is wrong, or a second one follows"
                    )
                }
                return request
            }
        }
    }
}
