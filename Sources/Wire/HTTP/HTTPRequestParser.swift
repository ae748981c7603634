internal import Base

/// Reads HTTP/1.0 and HTTP/1.1 requests (RFC 9112) out of bytes that arrive in any pieces.
///
/// A connection owns one: it appends what the socket gave and calls `next()` until that answers `.needMore`.
/// Where two parties could disagree about where a request ends, the request is refused, never repaired
/// (RFC 9112 11.2). What is buffered is bounded by the limits, plus what is appended between two calls.
public struct HTTPRequestParser: Sendable {
    /// What the bytes so far amount to.
    public enum Step: Sendable, Equatable {
        /// Nothing more until bytes are appended.
        case needMore
        /// The head of a request, its body empty; given once a request, as soon as the head is complete. Now
        /// is the time to set `bodyLimit` and to send `100 Continue`.
        case head(HTTPRequest)
        /// The same request with its body.
        case request(HTTPRequest)
    }

    /// The limit of the body of the request whose head was given last, in octets. It goes back to
    /// `HTTPLimits.bodyBytes` with each request.
    public var bodyLimit: Int

    /// A body beyond the limit is taken and dropped, and the request is given with `isCut`, instead of an error.
    public var dropsOverflow = false

    let limits: HTTPLimits
    var queue = ByteQueue()
    private var phase = Phase.requestLine
    private var chunks = HTTPChunkedContent()
    private var failure: HTTPParseError?
    private var request = Self.emptyRequest
    private var fields = HTTPRequestFields()
    private var section = HTTPFieldSection()
    private var emptyLines = 0

    private enum Phase {
        case requestLine
        case fields
        case headGiven
        case body(length: Int)
        case dropped(remaining: Int)
        case chunks
    }

    /// A parser for one connection.
    public init(limits: HTTPLimits = .standard) {
        self.limits = limits
        bodyLimit = limits.bodyBytes
    }

    /// Takes in what a socket gave. After an error it is dropped.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if failure == nil { unsafe queue.append(bytes) }
    }

    /// Takes in bytes. After an error they are dropped.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if failure == nil { queue.append(bytes) }
    }

    /// How many bytes wait that no step has used yet.
    public var bufferedBytes: Int { queue.count }

    /// How many bytes are held: those that wait, and those of a body that is not complete.
    public var heldBytes: Int { queue.count + request.body.count }

    /// Whether nothing of a request has arrived: the connection is idle, not half-way through a request.
    public var isBetweenRequests: Bool {
        guard failure == nil, queue.isEmpty, case .requestLine = phase else { return false }
        return true
    }

    /// Gives up the bytes behind the last request; what follows an Upgrade is another protocol's.
    public mutating func takeRemaining() -> [UInt8] {
        let remaining = queue.take(queue.count)
        queue.removeAll()
        return remaining
    }

    /// The next step. An error is final: it is thrown again by every later call.
    public mutating func next() throws(HTTPParseError) -> Step {
        if let failure { throw failure }
        do {
            return try advance()
        } catch {
            failure = error
            queue.removeAll()
            request = Self.emptyRequest
            throw error
        }
    }

    private mutating func advance() throws(HTTPParseError) -> Step {
        while true {
            let isAdvancing: Bool
            switch phase {
            case .requestLine: isAdvancing = try readRequestLine()
            case .fields:
                isAdvancing = try readField()
                if case .headGiven = phase { return .head(request) }
            case .headGiven: isAdvancing = try startBody()
            case .body(let length):
                guard queue.count >= length else { return .needMore }
                request.body = queue.take(length)
                return finishRequest()
            case .dropped(let remaining):
                let count = min(remaining, queue.count)
                queue.consume(count)
                phase = .dropped(remaining: remaining - count)
                guard count == remaining else { return .needMore }
                return finishRequest()
            case .chunks:
                guard try readChunks() else { return .needMore }
                return finishRequest()
            }
            if !isAdvancing { return .needMore }
        }
    }

    private mutating func readRequestLine() throws(HTTPParseError) -> Bool {
        // Of these bytes alone, so that it is the same however they arrive, and however long the line is.
        if startsWithLongMethod {
            throw HTTPParseError(status: 501, detail: "The method is longer than any that is known here.")
        }
        switch queue.takeLine(atMost: limits.requestLineBytes) {
        case .incomplete: return false
        case .tooLong: throw HTTPParseError(status: 414, detail: "The request line is too long.")
        case .bareLineFeed: throw .bad("A line ends in LF without CR.")
        case .line(let range):
            if range.isEmpty {
                emptyLines += 1
                if emptyLines > limits.leadingEmptyLines { throw .bad("Empty lines precede the request.") }
                return true
            }
            let line = try HTTPRequestLine(queue.storage.span, range)
            request.method = line.method
            request.target = line.target
            request.path = line.path
            request.query = line.query
            request.host = line.authority
            request.minorVersion = line.minorVersion
            fields = HTTPRequestFields()
            section = HTTPFieldSection()
            phase = .fields
            return true
        }
    }

    private var startsWithLongMethod: Bool {
        guard queue.count > limits.methodBytes else { return false }
        let end = queue.start + limits.methodBytes + 1
        return HTTPGrammar.endOfToken(queue.storage.span, queue.start..<end) == end
    }

    private mutating func readField() throws(HTTPParseError) -> Bool {
        let range = try section.takeLine(
            off: &queue, bytes: limits.headerBytes, lines: limits.headerCount,
            "The header section is too large.")
        guard let range else { return false }
        if range.isEmpty {
            try fields.finish(&request)
            phase = .headGiven
            return true
        }
        let line = try HTTPFieldLine(queue.storage.span, range)
        try fields.take(line)
        request.headers.add(line.name, line.value)
        return true
    }

    private mutating func startBody() throws(HTTPParseError) -> Bool {
        if fields.framing.isChunked {
            chunks = HTTPChunkedContent()
            phase = .chunks
            return true
        }
        let length = fields.framing.contentLength ?? 0
        if length > bodyLimit {
            guard dropsOverflow else { throw .contentTooLarge }
            request.isCut = true
            phase = .dropped(remaining: length)
            return true
        }
        phase = .body(length: length)
        return true
    }

    /// Whether the content is whole.
    private mutating func readChunks() throws(HTTPParseError) -> Bool {
        while true {
            let room = bodyLimit - request.body.count
            switch try chunks.next(&queue, room: dropsOverflow ? .max : room, limits) {
            case .needMore: return false
            case .content(let length) where length > room || request.isCut:
                request.isCut = true
                request.body = []
                queue.consume(length)
            case .content(let length):
                request.body.append(contentsOf: queue.storage[queue.start..<(queue.start + length)])
                queue.consume(length)
            case .end: return true
            }
        }
    }

    private mutating func finishRequest() -> Step {
        let finished = request
        request = Self.emptyRequest
        queue.releaseIfDrained()
        bodyLimit = limits.bodyBytes
        emptyLines = 0
        phase = .requestLine
        return .request(finished)
    }

    private static let emptyRequest = HTTPRequest(method: "", target: "", path: "")
}
