internal import Base
internal import Wire

/// Reads one HTTP/1.1 response (RFC 9112) out of bytes that arrive in any pieces, and gives its content on as it comes.
/// Pure; belongs to one connection, on which nothing follows.
struct ResponseParser {
    /// What of a response came.
    enum Event: Equatable {
        case head(status: Int, HTTPHeaders)
        case content([UInt8])
        /// All of it is there.
        case end
    }

    /// What is not a response that may be read.
    enum Failure: Error, Equatable {
        /// It is not HTTP/1.1, or its framing is wrong.
        case malformed
        /// Its head or its content is longer than the limit.
        case tooLong
        /// It ended before its end.
        case cut
    }

    struct Limits: Equatable {
        /// Bytes of the status line and the fields together, and of the trailer.
        var head = 64 << 10
        /// Bytes of the content.
        var content = 4 << 20
    }

    private enum Stage {
        case statusLine
        case fields
        case length(Int)
        case chunkLine, chunk(Int), chunkEnd, trailer
        case untilEnd
        case done
    }

    private let limits: Limits
    private var stage = Stage.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var contentBytes = 0
    private var status = 0
    private var headers = HTTPHeaders()
    private var events: [Event] = []

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes in bytes; what they bring, in order. What follows the response is passed over.
    mutating func read(_ bytes: ArraySlice<UInt8>) throws(Failure) -> [Event] {
        events = []
        var rest = bytes
        while !rest.isEmpty {
            switch stage {
            case .done: rest = []
            case .length(let left): try take(left, of: &rest, then: .done) { .length($0) }
            case .chunk(let left): try take(left, of: &rest, then: .chunkEnd) { .chunk($0) }
            case .untilEnd: try take(.max, of: &rest, then: .done) { _ in .untilEnd }
            case .statusLine, .fields, .chunkLine, .chunkEnd, .trailer:
                guard let end = rest.firstIndex(of: 0x0A) else {
                    try hold(rest)
                    rest = []
                    continue
                }
                try hold(rest[..<end])
                rest = rest[(end + 1)...]
                if line.last == 0x0D { line.removeLast() }
                try endLine()
                line.removeAll(keepingCapacity: true)
            }
        }
        return events
    }

    /// The connection has ended; what that brings. Throws where the response had not.
    mutating func end() throws(Failure) -> [Event] {
        switch stage {
        case .done: return []
        case .untilEnd:
            stage = .done
            return [.end]
        default: throw .cut
        }
    }

    private mutating func hold(_ bytes: ArraySlice<UInt8>) throws(Failure) {
        headBytes += bytes.count + 1
        guard headBytes <= limits.head else { throw .tooLong }
        line.append(contentsOf: bytes)
    }

    private mutating func take(
        _ left: Int, of rest: inout ArraySlice<UInt8>, then next: Stage, _ stay: (Int) -> Stage
    ) throws(Failure) {
        let piece = rest.prefix(left)
        contentBytes += piece.count
        guard contentBytes <= limits.content else { throw .tooLong }
        if !piece.isEmpty { events.append(.content(Array(piece))) }
        rest = rest.dropFirst(piece.count)
        if piece.count < left { stage = stay(left == .max ? .max : left - piece.count) } else { finish(next) }
    }

    private mutating func finish(_ next: Stage) {
        stage = next
        if case .done = next { events.append(.end) }
    }

    private mutating func endLine() throws(Failure) {
        switch stage {
        case .statusLine: try readStatus()
        case .fields: if line.isEmpty { try beginContent() } else { try readField() }
        case .chunkLine:
            let digits = line.prefix { Self.hexValue($0) != nil }
            guard (1...8).contains(digits.count),
                digits.count == line.count || line[digits.count] == 0x3B
                    || line[digits.count] == 0x20
            else { throw .malformed }
            let size = digits.reduce(0) { $0 << 4 | (Self.hexValue($1) ?? 0) }
            guard size <= limits.content else { throw .tooLong }
            // Every chunk's line counts for itself: only a head grows without an end.
            headBytes = 0
            stage = size == 0 ? .trailer : .chunk(size)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformed }
            stage = .chunkLine
        case .trailer: if line.isEmpty { finish(.done) }
        case .length, .chunk, .untilEnd, .done: break
        }
    }

    private static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }

    private mutating func readStatus() throws(Failure) {
        // An empty line before the status line is passed over (RFC 9112 section 2.2).
        if line.isEmpty { return }
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8), line[8] == 0x20,
            line[9..<12].allSatisfy({ (0x30...0x39).contains($0) }), line.count == 12 || line[12] == 0x20
        else { throw .malformed }
        status = line[9..<12].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard (100...599).contains(status) else { throw .malformed }
        headers = HTTPHeaders()
        stage = .fields
    }

    private mutating func readField() throws(Failure) {
        guard let colon = line.firstIndex(of: 0x3A), colon > 0, line[0] != 0x20, line[0] != 0x09,
            let name = String(validating: line[..<colon], as: UTF8.self)
        else { throw .malformed }
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value = value.dropLast() }
        headers.add(name, String(decoding: value, as: UTF8.self))
    }

    /// RFC 9112 section 6.3.
    private mutating func beginContent() throws(Failure) {
        // Interim responses are passed over; another protocol was never asked for.
        if status < 200 {
            guard status != 101 else { throw .malformed }
            stage = .statusLine
            return
        }
        events.append(.head(status: status, headers))
        if status == 204 || status == 304 {
            finish(.done)
        } else if let coding = headers["Transfer-Encoding"] {
            guard coding.lowercased() == "chunked", headers["Content-Length"] == nil else { throw .malformed }
            stage = .chunkLine
        } else if let text = headers["Content-Length"] {
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(text) else {
                throw .malformed
            }
            guard length <= limits.content else { throw .tooLong }
            if length == 0 { finish(.done) } else { stage = .length(length) }
        } else {
            stage = .untilEnd
        }
    }
}
