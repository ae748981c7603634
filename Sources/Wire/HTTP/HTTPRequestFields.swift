internal import Base

/// What the fields of a request's head say beside its framing: whom it is for, and what it expects.
struct HTTPRequestFields {
    private(set) var framing = HTTPFraming()
    private var host: String?
    private var expectations: [String] = []

    /// Notes a field as it is read.
    mutating func take(_ line: HTTPFieldLine) throws(HTTPParseError) {
        switch line.name.utf8.count {
        case 4 where ASCII.equalIgnoringCase(line.name, "host"):
            try takeHost(line.value)
        case 6 where ASCII.equalIgnoringCase(line.name, "expect"):
            expectations.append(line.value)
        default: try framing.take(line)
        }
    }

    /// Judges the head as a whole and fills in what follows from its fields.
    mutating func finish(_ request: inout HTTPRequest) throws(HTTPParseError) {
        if host == nil, request.minorVersion >= 1 {
            throw .bad("An HTTP/1.1 request needs a Host field.")
        }
        if request.host == nil { request.host = host }
        // RFC 9112 6.1.
        if framing.isEncoded, request.minorVersion == 0 { throw .bad("HTTP/1.0 has no Transfer-Encoding.") }
        try framing.finish()
        try finishExpectations(&request)
        request.keepsAlive = framing.keepsAlive(minorVersion: request.minorVersion, request.headers)
    }

    private mutating func takeHost(_ value: String) throws(HTTPParseError) {
        guard host == nil else { throw .bad("The Host field is repeated.") }
        guard HTTPGrammar.isHost(value.utf8.span) else {
            throw .bad("The Host field is not a host with an optional port.")
        }
        host = value
    }

    /// RFC 9110 10.1.1: an expectation over HTTP/1.0 is passed over, and one without content moot.
    private func finishExpectations(_ request: inout HTTPRequest) throws(HTTPParseError) {
        guard !expectations.isEmpty, request.minorVersion >= 1 else { return }
        guard expectations.count == 1, ASCII.equalIgnoringCase(expectations[0], "100-continue") else {
            throw HTTPParseError(status: 417, detail: "Of the expectations, only 100-continue is known here.")
        }
        request.expectsContinue = framing.isChunked || (framing.contentLength ?? 0) > 0
    }
}
