internal import Base

/// One HTTP/1.1 response with its whole content.
public struct HTTPResponse: Sendable, Equatable {
    /// 100 to 599; anything else is sent as 500.
    public var status: Int
    /// The fields, without those that the encoder writes itself: Date, Content-Length, Transfer-Encoding and,
    /// apart from status 101, Connection.
    public var headers: HTTPHeaders
    /// The content; not sent with a status that has none (1xx, 204, 205, 304).
    public var body: [UInt8]

    /// A response of these parts.
    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The interim response to `HTTPRequest.expectsContinue`, as it goes over the wire.
    public static let `continue`: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Appends the response as it goes over the wire.
    ///
    /// Whatever the headers hold, it is one response: control characters in values become spaces, a field
    /// whose name is no token is left out, and so is one that would contradict the framing.
    ///
    /// - Parameters:
    ///   - output: what is written behind.
    ///   - toHead: whether a HEAD request is answered: the fields of GET, no content (RFC 9110 9.3.2).
    ///   - keepAlive: whether the connection stays open behind this response.
    ///   - date: the Date field, an IMF-fixdate (RFC 9110 5.6.7); empty leaves the field out.
    ///   - minorVersion: that of the request; HTTP/1.0 has to be told that the connection stays open.
    ///   - isStream: whether the content follows in pieces (`chunk`), behind that of `body`. HTTP/1.0 knows no pieces:
    ///     there the content goes up to the end of the connection, which must not be kept alive.
    public func encode(
        into output: inout [UInt8], toHead: Bool, keepAlive: Bool, date: String, minorVersion: Int = 1,
        isStream: Bool = false
    ) {
        let code = (100...599).contains(status) ? status : 500
        let hasContent = code >= 200 && code != 204 && code != 205 && code != 304
        output.append(utf8: "HTTP/1.1 ")
        Self.append(code, to: &output)
        output.append(ASCII.space)
        output.append(utf8: Self.reasonPhrase(code))
        output.append(utf8: "\r\n")
        if !date.isEmpty { Self.append("Date", date, to: &output) }
        let fields = headers.fields.span
        for index in fields.indices
        where HTTPGrammar.isToken(fields[index].name) && !Self.isWrittenHere(fields[index].name, code) {
            Self.append(fields[index].name, fields[index].value, to: &output)
        }
        if isStream, hasContent {
            if minorVersion > 0 { output.append(utf8: "Transfer-Encoding: chunked\r\n") }
        } else if hasContent || code == 205 {
            output.append(utf8: "Content-Length: ")
            Self.append(hasContent ? body.count : 0, to: &output)
            output.append(utf8: "\r\n")
        }
        if code >= 200 {
            if !keepAlive {
                output.append(utf8: "Connection: close\r\n")
            } else if minorVersion == 0 {
                output.append(utf8: "Connection: keep-alive\r\n")
            }
        }
        output.append(utf8: "\r\n")
        if hasContent, !toHead { output.append(contentsOf: body) }
    }

    /// Appends a piece of a stream's content (RFC 9112 section 7.1); an empty one ends it.
    public static func chunk(_ bytes: [UInt8], into output: inout [UInt8], minorVersion: Int = 1) {
        guard minorVersion > 0 else {
            output.append(contentsOf: bytes)
            return
        }
        output.append(utf8: String(bytes.count, radix: 16))
        output.append(utf8: "\r\n")
        output.append(contentsOf: bytes)
        output.append(utf8: "\r\n")
    }

    private static func isWrittenHere(_ name: String, _ code: Int) -> Bool {
        switch name.utf8.count {
        case 4: ASCII.equalIgnoringCase(name, "date")
        case 10: code != 101 && ASCII.equalIgnoringCase(name, "connection")
        case 14: ASCII.equalIgnoringCase(name, "content-length")
        case 17: ASCII.equalIgnoringCase(name, "transfer-encoding")
        default: false
        }
    }

    private static func append(_ name: String, _ value: String, to output: inout [UInt8]) {
        output.append(utf8: name)
        output.append(ASCII.colon)
        output.append(ASCII.space)
        if HTTPGrammar.isFieldValue(value) {
            output.append(utf8: value)
        } else {
            output += value.utf8.map { HTTPGrammar.isFieldByte($0) ? $0 : ASCII.space }
        }
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
    }

    private static func append(_ number: Int, to output: inout [UInt8]) {
        output.append(utf8: String(number))
    }

    /// The reason phrase of a status code (RFC 9110 15), empty where it is not registered.
    public static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: ""
        }
    }
}
