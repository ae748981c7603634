/// A place in a distributed trace: W3C Trace Context, level 1.
public struct TraceContext: Sendable, Equatable {
    /// 32 hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 hexadecimal digits, not all zero: the span this context belongs to.
    public let spanID: String
    /// Two hexadecimal digits; bit 0 says that the trace is sampled.
    public let flags: String

    init(traceID: String, spanID: String, flags: String) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }

    /// Reads a `traceparent` header (section 3.2). Nil for anything that the standard says to ignore.
    public init?(traceparent: String) {
        guard traceparent.utf8.count <= 256 else { return nil }
        let parts = traceparent.utf8.split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard parts.count >= 4, parts[0].utf8.count == 2,
            parts[1].utf8.count == 32,
            parts[2].utf8.count == 16, parts[3].utf8.count == 2, parts[..<4].allSatisfy(Self.isHexadecimal),
            parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
            parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        self.init(traceID: String(parts[1]), spanID: String(parts[2]), flags: String(parts[3]))
    }

    /// A new trace.
    init(random: inout SeededRandom) {
        self.init(
            traceID: Self.hexadecimal(random.next() | 1, random.next()),
            spanID: Self.hexadecimal(random.next() | 1), flags: "01")
    }

    /// A span of the same trace below this one. Of the flags only `sampled` is passed on: what is not known must
    /// be zero (section 3.2.2.5).
    func child(random: inout SeededRandom) -> TraceContext {
        let isSampled = UInt8(flags, radix: 16).map { $0 & 1 == 1 } ?? false
        return TraceContext(
            traceID: traceID, spanID: Self.hexadecimal(random.next() | 1), flags: isSampled ? "01" : "00")
    }

    /// The header's value, version 00.
    public var traceparent: String {
        var text = ""
        text.reserveCapacity(55)
        text += "00-"
        text += traceID
        text += "-"
        text += spanID
        text += "-"
        text += flags
        return text
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func isHexadecimal(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func hexadecimal(_ values: UInt64...) -> String {
        let digits = digits
        var text: [UInt8] = []
        text.reserveCapacity(16 * values.count)
        for value in values {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                text.append(digits[Int(value >> shift & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
