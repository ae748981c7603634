internal import Base
internal import Wire

/// A response as a client reads it.
struct HTTPAnswer: Equatable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]
    /// Whether another request may follow on the connection.
    var keepsAlive: Bool
}

/// Reads HTTP/1.1 responses (RFC 9112) out of bytes that arrive in any pieces. Pure; belongs to one connection.
struct HTTPResponseParser {
    private enum Stage {
        case head
        case length(Int)
        case chunkLine, chunk(Int), chunkEnd, trailer
        case untilEnd
    }

    /// What is not a response.
    struct Failure: Error, Equatable {
        let reason: String
    }

    private let headBytes: Int
    private let bodyBytes: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// No line ends before this.
    private var searched = 0
    private var stage = Stage.head
    private var answer = HTTPAnswer(status: 0, headers: HTTPHeaders(), body: [], keepsAlive: true)
    private var headLines: [String] = []
    private var headLength = 0

    init(limits: AgainstLimits = .standard) {
        headBytes = limits.headBytes
        bodyBytes = limits.answerBytes
    }

    /// Takes in bytes.
    mutating func append(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            searched = max(0, searched - start)
            start = 0
        }
        buffer += bytes
    }

    /// Whether a part of a response has arrived.
    var isWithinResponse: Bool {
        if case .head = stage { return start < buffer.count || !headLines.isEmpty }
        return true
    }

    /// What stands behind the last response: of another protocol, after an upgrade.
    mutating func takeRemaining() -> [UInt8] {
        defer { (buffer, start, searched) = ([], 0, 0) }
        return Array(buffer[start...])
    }

    /// The next response; nil until more bytes are appended. Interim responses (1xx) but 101 are passed over.
    ///
    /// - Parameters:
    ///   - toHead: whether it answers a HEAD, and so has no content whatever its fields say.
    ///   - atEnd: whether the connection has ended, which ends a content of unknown length.
    mutating func next(toHead: Bool = false, atEnd: Bool = false) throws(Failure) -> HTTPAnswer? {
        while true {
            switch stage {
            case .head:
                guard let line = try line(limit: headBytes - headLength) else { return nil }
                headLength += line.utf8.count + 2
                if !line.isEmpty {
                    headLines.append(line)
                    continue
                }
                // An empty line before the status line is passed over, as a server does (RFC 9112 section 2.2).
                if headLines.isEmpty { continue }
                try readHead(toHead: toHead)
                if (100..<200).contains(answer.status), answer.status != 101 { reset() }
            case .length(let count):
                guard take(count) else { return nil }
                return finish()
            case .chunkLine:
                guard let line = try line(limit: 4_096) else { return nil }
                let digits = line.prefix { $0.isHexDigit }
                guard !digits.isEmpty, digits.utf8.count <= 8, let size = Int(digits, radix: 16) else {
                    throw Failure(reason: "a chunk has no size")
                }
                guard size <= bodyBytes - answer.body.count else { throw Self.tooLong }
                stage = size == 0 ? .trailer : .chunk(size)
            case .chunk(let size):
                guard take(size) else { return nil }
                stage = .chunkEnd
            case .chunkEnd:
                guard let line = try line(limit: 2) else { return nil }
                guard line.isEmpty else { throw Failure(reason: "a chunk is longer than its size") }
                stage = .chunkLine
            case .trailer:
                guard let line = try line(limit: headBytes) else { return nil }
                if line.isEmpty { return finish() }
            case .untilEnd:
                guard buffer.count - start <= bodyBytes else { throw Self.tooLong }
                guard atEnd, take(buffer.count - start) else { return nil }
                return finish()
            }
        }
    }

    private static let tooLong = Failure(reason: "it is too long")

    private mutating func reset() {
        stage = .head
        headLines = []
        headLength = 0
    }

    private mutating func finish() -> HTTPAnswer {
        defer {
            reset()
            answer.body = []
        }
        return answer
    }

    private mutating func take(_ count: Int) -> Bool {
        guard buffer.count - start >= count else { return false }
        answer.body.append(contentsOf: buffer[start..<(start + count)])
        start += count
        searched = start
        return true
    }

    /// A line without its end; nil until it is whole.
    private mutating func line(limit: Int) throws(Failure) -> String? {
        guard let end = buffer[max(start, searched)...].firstIndex(of: 0x0a) else {
            guard buffer.count - start <= limit else { throw Failure(reason: "a line is too long") }
            searched = buffer.count
            return nil
        }
        guard end - start <= limit else { throw Failure(reason: "a line is too long") }
        let hasReturn = end > start && buffer[end - 1] == 0x0d
        let text = String(validating: buffer[start..<(hasReturn ? end - 1 : end)], as: UTF8.self)
        guard let text else { throw Failure(reason: "a line is not UTF-8") }
        start = end + 1
        searched = start
        return text
    }

    /// RFC 9112 sections 4, 5 and 6.3.
    private mutating func readHead(toHead: Bool) throws(Failure) {
        let first = headLines.first ?? ""
        let bytes = Array(first.utf8)
        guard bytes.count >= 12, first.hasPrefix("HTTP/1."), bytes[8] == 0x20,
            let status = Int(first.dropFirst(9).prefix(3)), (100...599).contains(status),
            bytes.count == 12 || bytes[12] == 0x20
        else { throw Failure(reason: "it is not HTTP/1.1") }
        var headers = HTTPHeaders()
        for line in headLines.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: 0x3a), colon > line.startIndex else {
                throw Failure(reason: "a field has no name")
            }
            let value = line[colon...].dropFirst().drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }
            headers.add(String(line[..<colon]), end.map { String(value[...$0]) } ?? "")
        }
        let isClosing = headers.contains("close", inList: "connection")
        let isOld = bytes[7] == 0x30 && !headers.contains("keep-alive", inList: "connection")
        answer = HTTPAnswer(status: status, headers: headers, body: [], keepsAlive: !isClosing && !isOld)
        if toHead || status < 200 || status == 204 || status == 304 {
            stage = .length(0)
        } else if headers.contains("chunked", inList: "transfer-encoding") {
            stage = .chunkLine
        } else if let text = headers["Content-Length"] {
            guard let length = Int(text), length >= 0 else {
                throw Failure(reason: "its length is no number")
            }
            guard length <= bodyBytes else { throw Self.tooLong }
            stage = .length(length)
        } else {
            answer.keepsAlive = false
            stage = .untilEnd
        }
    }
}
