internal import Base

/// Reads server-sent events (WHATWG HTML, section 9.2) out of bytes that arrive in any pieces. Pure; belongs to one
/// stream. Only data counts: names, ids and retry times of events are passed over, and comments too.
public struct EventStreamParser: Sendable {
    /// What is no event stream that may be read.
    public enum Failure: Error, Equatable {
        /// A line is longer than the limit.
        case lineTooLong
        /// The data of one event is longer than the limit.
        case eventTooLong
        /// A line is not UTF-8.
        case notUTF8
    }

    public struct Limits: Sendable, Equatable {
        /// Bytes of a line.
        public var line: Int
        /// Bytes of the data of one event.
        public var event: Int

        /// Limits that differ from the usual ones where named.
        public init(line: Int = 256 << 10, event: Int = 512 << 10) {
            self.line = line
            self.event = event
        }
    }

    private let limits: Limits
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    /// Whether the last byte was a CR, whose LF belongs to it.
    private var isAfterReturn = false
    private var isAtBeginning = true

    /// A parser for one stream.
    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes in bytes; the data of the events that they complete, in order. An event that the stream's end cuts off is
    /// none (as the standard has it).
    public mutating func read(_ bytes: some Sequence<UInt8>) throws(Failure) -> [String] {
        var events: [String] = []
        for byte in bytes {
            defer { isAfterReturn = byte == ASCII.carriageReturn }
            switch byte {
            case ASCII.lineFeed where isAfterReturn: continue
            case ASCII.lineFeed, ASCII.carriageReturn: if let event = try endLine() { events.append(event) }
            default:
                guard line.count < limits.line else { throw .lineTooLong }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(Failure) -> String? {
        defer { line.removeAll(keepingCapacity: true) }
        if isAtBeginning {
            isAtBeginning = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else {
            defer {
                data.removeAll(keepingCapacity: true)
                hasData = false
            }
            guard hasData else { return nil }
            guard let text = String(validating: data, as: UTF8.self) else { throw .notUTF8 }
            return text
        }
        let colon = line.firstIndex(of: ASCII.colon) ?? line.endIndex
        guard line[..<colon].elementsEqual("data".utf8) else { return nil }
        var value = line[colon...].dropFirst()
        if value.first == ASCII.space { value = value.dropFirst() }
        guard data.count + value.count < limits.event else { throw .eventTooLong }
        if hasData { data.append(ASCII.lineFeed) }
        data.append(contentsOf: value)
        hasData = true
        return nil
    }
}
