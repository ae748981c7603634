internal import Base

/// A place in a distributed trace: W3C Trace Context, level 1.
public struct TraceContext: Sendable, Equatable {
    /// The trace's 128 bits, not all zero, the first half of them first.
    private let trace: (UInt64, UInt64)
    /// The span's 64 bits, not all zero.
    private let span: UInt64
    private let flagBits: UInt8

    /// Reads a `traceparent` header (section 3.2). Nil for anything that the standard says to ignore.
    public init?(traceparent: String) {
        guard traceparent.utf8.count <= 256 else { return nil }
        let parts = traceparent.utf8.split(
            separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, let version = Self.number(parts[0], digits: 2), version != 0xff,
            version != 0 || parts.count == 4,
            let high = Self.number(parts[1].prefix(16), digits: 16),
            let low = Self.number(parts[1].dropFirst(16), digits: 16), high | low != 0,
            let span = Self.number(parts[2], digits: 16), span != 0,
            let flags = Self.number(parts[3], digits: 2)
        else { return nil }
        self.init(trace: (high, low), span: span, flags: UInt8(flags))
    }

    private init(trace: (UInt64, UInt64), span: UInt64, flags: UInt8) {
        (self.trace, self.span, flagBits) = (trace, span, flags)
    }

    /// A new trace.
    package init(random: inout SeededRandom) {
        self.init(trace: (random.next() | 1, random.next()), span: random.next() | 1, flags: 1)
    }

    /// A span of the same trace below this one. Of the flags only `sampled` is passed on: what is not known must
    /// be zero (section 3.2.2.5).
    package func child(random: inout SeededRandom) -> TraceContext {
        TraceContext(trace: trace, span: random.next() | 1, flags: flagBits & 1)
    }

    public static func == (a: TraceContext, b: TraceContext) -> Bool {
        a.trace == b.trace && a.span == b.span && a.flagBits == b.flagBits
    }

    // MARK: As text

    /// 32 hexadecimal digits.
    public var traceID: String {
        String(capacity: 32) { text in
            Self.append(trace.0, digits: 16, to: &text)
            Self.append(trace.1, digits: 16, to: &text)
        }
    }

    /// 16 hexadecimal digits: the span this context belongs to.
    public var spanID: String { String(capacity: 16) { Self.append(span, digits: 16, to: &$0) } }

    /// Two hexadecimal digits; bit 0 says that the trace is sampled.
    public var flags: String { String(capacity: 2) { Self.append(UInt64(flagBits), digits: 2, to: &$0) } }

    /// The header's value, version 00.
    public var traceparent: String {
        String(capacity: 55) { text in
            Self.append(0, digits: 2, to: &text)
            text.append(UInt8(ascii: "-"))
            Self.append(trace.0, digits: 16, to: &text)
            Self.append(trace.1, digits: 16, to: &text)
            text.append(UInt8(ascii: "-"))
            Self.append(span, digits: 16, to: &text)
            text.append(UInt8(ascii: "-"))
            Self.append(UInt64(flagBits), digits: 2, to: &text)
        }
    }

    private static func append(_ value: UInt64, digits: UInt64, to text: inout OutputSpan<UInt8>) {
        var shift = digits &* 4
        while shift > 0 {
            shift &-= 4
            let digit = UInt8(truncatingIfNeeded: value &>> shift) & 15
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }

    /// The number of exactly `digits` lower-case hexadecimal digits.
    private static func number(_ text: Substring.UTF8View, digits: Int) -> UInt64? {
        guard text.count == digits else { return nil }
        var number: UInt64 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
