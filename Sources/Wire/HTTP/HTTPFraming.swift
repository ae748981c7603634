internal import Base

/// What the fields of a head say about where its request ends and what becomes of the connection.
struct HTTPFraming {
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private var transferCodings: [String] = []
    private var hasTransferEncoding = false
    private var host: String?
    private var hasConnection = false
    private var expectations: [String] = []

    /// Notes a field as it is read.
    mutating func take(_ line: HTTPFieldLine) throws(HTTPParseError) {
        switch line.name.utf8.count {
        case 4 where ASCII.equalIgnoringCase(line.name, "host"):
            try takeHost(line.value)
        case 6 where ASCII.equalIgnoringCase(line.name, "expect"):
            expectations.append(line.value)
        case 10 where ASCII.equalIgnoringCase(line.name, "connection"):
            hasConnection = true
        case 14 where ASCII.equalIgnoringCase(line.name, "content-length"):
            try takeContentLength(line.value)
        case 17 where ASCII.equalIgnoringCase(line.name, "transfer-encoding"):
            hasTransferEncoding = true
            transferCodings += HTTPGrammar.listElements(line.value).map { $0.lowercased() }
        default: break
        }
    }

    /// Judges the head as a whole and fills in what follows from its fields.
    mutating func finish(_ request: inout HTTPRequest) throws(HTTPParseError) {
        if host == nil, request.minorVersion >= 1 {
            throw .bad("An HTTP/1.1 request needs a Host field.")
        }
        if request.host == nil { request.host = host }
        try finishTransferEncoding(minorVersion: request.minorVersion)
        try finishExpectations(&request)
        request.keepsAlive = request.minorVersion >= 1
        if hasConnection {
            if request.headers.contains("close", inList: "connection") {
                request.keepsAlive = false
            } else if request.headers.contains("keep-alive", inList: "connection") {
                request.keepsAlive = true
            }
        }
    }

    private mutating func takeHost(_ value: String) throws(HTTPParseError) {
        guard host == nil else { throw .bad("The Host field is repeated.") }
        guard HTTPGrammar.isHost(value.utf8.span) else {
            throw .bad("The Host field is not a host with an optional port.")
        }
        host = value
    }

    /// RFC 9110 8.6 lets a recipient repair a repeated length; one that refuses it cannot be led astray.
    private mutating func takeContentLength(_ value: String) throws(HTTPParseError) {
        guard contentLength == nil else { throw .bad("The Content-Length field is repeated.") }
        guard !value.isEmpty, value.utf8.allSatisfy(ASCII.isDigit) else {
            throw .bad("The Content-Length is not a number.")
        }
        contentLength = Int(value) ?? .max
    }

    /// RFC 9112 6.1 and 6.3.
    private mutating func finishTransferEncoding(minorVersion: Int) throws(HTTPParseError) {
        guard hasTransferEncoding else { return }
        guard minorVersion >= 1 else { throw .bad("HTTP/1.0 has no Transfer-Encoding.") }
        guard contentLength == nil else {
            throw .bad("Transfer-Encoding and Content-Length exclude each other.")
        }
        guard transferCodings != ["chunked"] else {
            isChunked = true
            return
        }
        guard !transferCodings.isEmpty, transferCodings.allSatisfy(HTTPGrammar.isToken),
            !transferCodings.dropLast().contains("chunked")
        else { throw .bad("The Transfer-Encoding is not a list of codings that ends in chunked.") }
        throw HTTPParseError(status: 501, detail: "Of the transfer codings, only chunked is known here.")
    }

    /// RFC 9110 10.1.1: an expectation over HTTP/1.0 is passed over, and one without content moot.
    private func finishExpectations(_ request: inout HTTPRequest) throws(HTTPParseError) {
        guard !expectations.isEmpty, request.minorVersion >= 1 else { return }
        guard expectations.count == 1, ASCII.equalIgnoringCase(expectations[0], "100-continue") else {
            throw HTTPParseError(status: 417, detail: "Of the expectations, only 100-continue is known here.")
        }
        request.expectsContinue = isChunked || (contentLength ?? 0) > 0
    }
}
