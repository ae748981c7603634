/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (as POSIX has it).
///
/// The store never reads a clock; every operation that depends on time takes one of these.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since the Unix epoch.
    public let milliseconds: Int64

    /// A point in time from milliseconds since the Unix epoch.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads the bare number that `encode(to:)` writes.
    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the milliseconds as a bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// The next whole multiple of `step` since the epoch, saturating; itself for a step under a millisecond.
    package func roundedUp(to step: Duration) -> Timestamp {
        let step = step.milliseconds
        guard step > 1, milliseconds >= 0 else { return self }
        let rest = milliseconds % step
        let (sum, overflow) = milliseconds.addingReportingOverflow(rest == 0 ? 0 : step - rest)
        return Timestamp(milliseconds: overflow ? .max : sum)
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// The time `duration` later, saturating at the ends of the range; fractions of a millisecond are dropped.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (sum, overflow) = time.milliseconds.addingReportingOverflow(duration.milliseconds)
        return Timestamp(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The time between two points, negative where `later` is the earlier one.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        let (difference, overflow) = later.milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return .milliseconds(overflow ? (later < earlier ? .min : .max) : difference)
    }
}

extension Duration {
    /// Whole milliseconds, fractions dropped, saturating at the ends of `Int64`.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds as a floating-point number, for logs and metrics.
    public var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
