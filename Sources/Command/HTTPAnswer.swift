internal import Wire

/// A response with its whole content.
struct HTTPAnswer: Equatable {
    let head: HTTPResponseHead
    var body: [UInt8] = []
}

/// Reads whole responses, one after the other, out of bytes that arrive in any pieces. Belongs to one connection.
struct HTTPAnswerReader {
    private var parser: HTTPResponseParser
    private var answer: HTTPAnswer?

    init(limits: HTTPLimits, tolerating tolerance: HTTPResponseParser.Tolerance = []) {
        parser = HTTPResponseParser(limits: limits, tolerating: tolerance)
    }

    init(limits: AgainstLimits = .standard, tolerating tolerance: HTTPResponseParser.Tolerance = []) {
        var wire = HTTPLimits.response
        wire.headerBytes = limits.headBytes
        wire.bodyBytes = limits.answerBytes
        self.init(limits: wire, tolerating: tolerance)
    }

    /// Takes in bytes.
    mutating func append(_ bytes: [UInt8]) { parser.append(bytes) }

    /// Whether a part of a response has arrived.
    var isWithinResponse: Bool { !parser.isBetweenResponses }

    /// What stands behind the last response: of another protocol, after an upgrade.
    mutating func takeRemaining() -> [UInt8] { parser.takeRemaining() }

    /// The next response; nil until more bytes are appended.
    ///
    /// - Parameters:
    ///   - toHead: whether it answers a HEAD, and so has no content whatever its fields say.
    ///   - atEnd: whether the connection has ended, which ends a content of unknown length.
    mutating func next(toHead: Bool = false, atEnd: Bool = false) throws(HTTPResponseError) -> HTTPAnswer? {
        parser.answersHead = toHead
        if atEnd { parser.finish() }
        while true {
            switch try parser.next() {
            case .needMore: return nil
            case .head(let head): answer = HTTPAnswer(head: head)
            case .content(let piece): answer?.body += piece
            case .end:
                defer { answer = nil }
                return answer
            }
        }
    }
}
