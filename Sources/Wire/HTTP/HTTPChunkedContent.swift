internal import Base

/// Reads content in chunks (RFC 9112 7.1) up to the end of its trailer section, of a request or a response.
struct HTTPChunkedContent {
    /// What the bytes so far amount to.
    enum Step {
        /// Nothing more until bytes are appended.
        case needMore
        /// So many bytes that wait first are content; the caller consumes them before the next step.
        case content(Int)
        case end
    }

    private enum Phase {
        case line
        case data(remaining: Int)
        case dataEnd
        case trailers
    }

    private let takesLooseLines: Bool
    private var phase = Phase.line
    private var extensionBytes = 0
    private var trailers = HTTPFieldSection()

    /// `takesLooseLines` as in `HTTPResponseParser`.
    init(takesLooseLines: Bool = false) { self.takesLooseLines = takesLooseLines }

    /// The next step. Content beyond `room` bytes is refused with status 413.
    mutating func next(
        _ queue: inout ByteQueue, room: Int, _ limits: HTTPLimits
    ) throws(HTTPParseError) -> Step {
        while true {
            switch phase {
            case .line: guard try readLine(&queue, room, limits) else { return .needMore }
            case .data(let remaining):
                let length = min(remaining, queue.count)
                guard length > 0 else { return .needMore }
                phase = length == remaining ? .dataEnd : .data(remaining: remaining - length)
                return .content(length)
            case .dataEnd:
                switch queue.takeLine(atMost: 0, orBareLineFeed: takesLooseLines) {
                case .incomplete: return .needMore
                case .line: phase = .line
                case .tooLong, .bareLineFeed: throw .bad("A chunk is not followed by CRLF.")
                }
            case .trailers:
                let line = try trailers.takeLine(
                    off: &queue, bytes: limits.trailerBytes, lines: limits.headerCount,
                    orBareLineFeed: takesLooseLines, "The trailer section is too large.")
                guard let line else { return .needMore }
                if line.isEmpty { return .end }
                _ = try HTTPFieldLine(queue.storage.span, line)
            }
        }
    }

    private mutating func readLine(
        _ queue: inout ByteQueue, _ room: Int, _ limits: HTTPLimits
    ) throws(HTTPParseError) -> Bool {
        switch queue.takeLine(atMost: limits.chunkLineBytes, orBareLineFeed: takesLooseLines) {
        case .incomplete: return false
        case .tooLong: throw .bad("The line of a chunk is too long.")
        case .bareLineFeed: throw .bad("A line ends in LF without CR.")
        case .line(let range):
            let bytes = queue.storage.span
            let line = try HTTPChunkLine(
                bytes, takesLooseLines ? HTTPGrammar.trimmedEnd(bytes, range) : range)
            extensionBytes += line.extensionBytes
            if extensionBytes > limits.chunkExtensionBytes {
                throw .bad("The chunk extensions are too long.")
            }
            guard line.size <= room else { throw .contentTooLarge }
            phase = line.size == 0 ? .trailers : .data(remaining: line.size)
            return true
        }
    }
}
