internal import Base

/// Reads HTTP/1.0 and HTTP/1.1 responses (RFC 9112) out of bytes that arrive in any pieces, and gives their content on
/// as it comes.
///
/// A connection owns one: it appends what the socket gave and calls `next()` until that answers `.needMore`. Fields,
/// lengths and chunks are read by the rules for requests; what servers are known to do beside them is read only where
/// the caller asks for it.
public struct HTTPResponseParser: Sendable {
    /// What the bytes so far amount to.
    public enum Step: Sendable, Equatable {
        /// Nothing more until bytes are appended.
        case needMore
        /// The head, once a response. Interim responses (1xx but 101) are passed over.
        case head(HTTPResponseHead)
        /// Some of the content, at least one byte.
        case content([UInt8])
        /// The response is whole. What follows is the next one; behind a 101 it is another protocol's.
        case end
    }

    /// What a response may be that is otherwise refused.
    public struct Tolerance: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// 101, of whoever asked for another protocol (RFC 9110 15.2.2).
        public static let upgrade = Tolerance(rawValue: 1)
        /// Lines that end in LF alone (RFC 9112 2.2), and blanks behind the size of a chunk: what scripts and old
        /// servers write. No proxy that reads it otherwise stands behind a client.
        public static let looseLines = Tolerance(rawValue: 2)
    }

    /// Whether the response that comes next answers a HEAD, and so has no content whatever its fields say.
    public var answersHead = false

    private let limits: HTTPLimits
    private let tolerance: Tolerance
    private var queue = ByteQueue()
    private var phase = Phase.statusLine
    private var failure: HTTPResponseError?
    private var hasEnded = false
    private var section = HTTPFieldSection()
    private var emptyLines = 0
    private var status = (code: 0, minorVersion: 1)
    private var headers = HTTPHeaders()
    private var framing = HTTPFraming()
    private var chunks = HTTPChunkedContent()
    /// How much content may come still.
    private var room = 0

    private enum Phase: Equatable {
        case statusLine
        case fields
        case length(Int)
        case chunks
        /// Up to the connection's end.
        case untilEnd
    }

    /// A parser for one connection.
    public init(limits: HTTPLimits = .response, tolerating tolerance: Tolerance = []) {
        self.limits = limits
        self.tolerance = tolerance
    }

    /// Takes in bytes. After an error they are dropped.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if failure == nil { queue.append(bytes) }
    }

    /// The connection has ended: from here on, what is not whole is `.cut`.
    public mutating func finish() { hasEnded = true }

    /// Whether nothing of a response has arrived.
    public var isBetweenResponses: Bool { failure == nil && queue.isEmpty && phase == .statusLine }

    /// How many bytes wait that no step has used yet.
    public var bufferedBytes: Int { queue.count }

    /// Gives up the bytes behind the last response; what follows a 101 is another protocol's.
    public mutating func takeRemaining() -> [UInt8] { queue.take(queue.count) }

    /// The next step. An error is final: it is thrown again by every later call.
    public mutating func next() throws(HTTPResponseError) -> Step {
        if let failure { throw failure }
        do throws(HTTPParseError) {
            let step = try advance()
            guard step == .needMore, hasEnded else { return step }
            failure = .cut
        } catch {
            failure = HTTPResponseError(error)
        }
        queue.removeAll()
        throw failure ?? .cut
    }

    private mutating func advance() throws(HTTPParseError) -> Step {
        while true {
            switch phase {
            case .statusLine: guard try readStatusLine() else { return .needMore }
            case .fields:
                guard let line = try takeLine() else { return .needMore }
                if !line.isEmpty {
                    let field = try HTTPFieldLine(queue.storage.span, line)
                    try framing.take(field)
                    headers.add(field.name, field.value)
                } else if let head = try finishHead() {
                    return .head(head)
                }
            case .length(0): return finishResponse()
            case .length(let left):
                guard !queue.isEmpty else { return .needMore }
                let length = min(left, queue.count)
                phase = .length(left - length)
                return .content(queue.take(length))
            case .chunks:
                switch try chunks.next(&queue, room: room, limits) {
                case .needMore: return .needMore
                case .content(let length):
                    room -= length
                    return .content(queue.take(length))
                case .end: return finishResponse()
                }
            case .untilEnd:
                guard !queue.isEmpty else { return hasEnded ? finishResponse() : .needMore }
                // As much as is within the limit first, so that it is the same however it arrives.
                guard room > 0 else { throw .contentTooLarge }
                let content = queue.take(min(room, queue.count))
                room -= content.count
                return .content(content)
            }
        }
    }

    private mutating func takeLine() throws(HTTPParseError) -> Range<Int>? {
        try section.takeLine(
            off: &queue, bytes: limits.headerBytes, lines: limits.headerCount,
            orBareLineFeed: tolerance.contains(.looseLines), "The header section is too large.")
    }

    /// `HTTP/1.1 200 OK` (RFC 9112 4); the reason and the blank before it may be missing.
    private mutating func readStatusLine() throws(HTTPParseError) -> Bool {
        guard let range = try takeLine() else { return false }
        if range.isEmpty {
            emptyLines += 1
            if emptyLines > limits.leadingEmptyLines { throw .bad("empty lines precede it") }
            return true
        }
        guard let status = Self.status(queue.storage.span.extracting(range)) else {
            throw .bad("it is not HTTP/1.1")
        }
        self.status = status
        headers = HTTPHeaders()
        framing = HTTPFraming()
        phase = .fields
        return true
    }

    private static func status(_ line: Span<UInt8>) -> (code: Int, minorVersion: Int)? {
        guard line.count >= 12, line.utf8Text(0..<7) == "HTTP/1.", ASCII.isDigit(line[7]),
            line[8] == ASCII.space, line.count == 12 || line[12] == ASCII.space
        else { return nil }
        var code = 0
        for index in 9..<12 {
            guard ASCII.isDigit(line[index]) else { return nil }
            code = code * 10 + Int(line[index] - ASCII.zero)
        }
        guard (100...599).contains(code) else { return nil }
        return (code, line[7] == ASCII.zero ? 0 : 1)
    }

    /// What the head says of the content (RFC 9112 6.3); nil for an interim response.
    private mutating func finishHead() throws(HTTPParseError) -> HTTPResponseHead? {
        try framing.finish()
        room = limits.bodyBytes
        if status.code == 101 {
            guard tolerance.contains(.upgrade) else {
                throw .bad("it goes over to a protocol that nobody asked for")
            }
            phase = .length(0)
        } else if status.code < 200 {
            phase = .statusLine
            return nil
        } else if answersHead || status.code == 204 || status.code == 304 {
            phase = .length(0)
        } else if framing.isChunked {
            chunks = HTTPChunkedContent(takesLooseLines: tolerance.contains(.looseLines))
            phase = .chunks
        } else if let length = framing.contentLength {
            guard length <= room else { throw .contentTooLarge }
            phase = .length(length)
        } else {
            phase = .untilEnd
        }
        section = HTTPFieldSection()
        emptyLines = 0
        // Whoever speaks HTTP/1.0 and sends chunks is not trusted with another response (RFC 9112 6.1).
        let keepsAlive =
            phase != .untilEnd && !(framing.isChunked && status.minorVersion == 0)
            && framing.keepsAlive(minorVersion: status.minorVersion, headers)
        return HTTPResponseHead(status: status.code, headers: headers, keepsAlive: keepsAlive)
    }

    private mutating func finishResponse() -> Step {
        phase = .statusLine
        headers = HTTPHeaders()
        queue.releaseIfDrained()
        return .end
    }
}
