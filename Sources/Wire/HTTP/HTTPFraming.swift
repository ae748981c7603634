internal import Base

/// What the fields of a head, a request's or a response's, say about where its content ends and what becomes of the
/// connection.
struct HTTPFraming {
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    private var transferCodings: [String] = []
    private var hasTransferEncoding = false
    private var hasConnection = false

    /// Notes a field as it is read.
    mutating func take(_ line: HTTPFieldLine) throws(HTTPParseError) {
        switch line.name.utf8.count {
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

    /// Judges the fields as a whole (RFC 9112 6.1 and 6.3).
    mutating func finish() throws(HTTPParseError) {
        guard hasTransferEncoding else { return }
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

    /// Whether another message may follow on the connection (RFC 9112 9.3); `headers` are those that were taken.
    func keepsAlive(minorVersion: Int, _ headers: HTTPHeaders) -> Bool {
        if hasConnection {
            if headers.contains("close", inList: "connection") { return false }
            if headers.contains("keep-alive", inList: "connection") { return true }
        }
        return minorVersion >= 1
    }

    /// Whether there is a Transfer-Encoding of any kind; HTTP/1.0 has none.
    var isEncoded: Bool { hasTransferEncoding }

    /// RFC 9110 8.6 lets a recipient repair a repeated length; one that refuses it cannot be led astray.
    private mutating func takeContentLength(_ value: String) throws(HTTPParseError) {
        guard contentLength == nil else { throw .bad("The Content-Length field is repeated.") }
        guard !value.isEmpty, value.utf8.allSatisfy(ASCII.isDigit) else {
            throw .bad("The Content-Length is not a number.")
        }
        contentLength = Int(value) ?? .max
    }
}
