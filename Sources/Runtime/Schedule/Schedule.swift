public import Base

/// The times at which a function is due.
///
/// Of an expression the times are kept through changes of the clock as Vixie's cron keeps them: what is meant for
/// certain hours comes once a day, at the change where the clock skips its time, and at the first of two equal times;
/// what is meant for any hour (`*` or `*/2`) follows the clock. An interval counts from 1970, so that all hosts agree.
public struct Schedule: Sendable {
    /// As the manifest has it.
    public let text: String
    private let kind: Kind
    private let zone: TimeZoneRules

    private enum Kind: Sendable {
        case every(milliseconds: Int64)
        case cron(CronExpression)
    }

    /// The shortest and the longest interval.
    public static let intervals: ClosedRange<Duration> = .seconds(1) ... .seconds(86_400)

    /// Times an interval apart. Nil outside `intervals`, and for parts of a millisecond.
    public init?(every interval: Duration, text: String) {
        guard Self.intervals.contains(interval), .milliseconds(interval.milliseconds) == interval else {
            return nil
        }
        kind = .every(milliseconds: interval.milliseconds)
        zone = .utc
        self.text = text
    }

    /// The times of an expression in a zone.
    public init(_ expression: CronExpression, in zone: TimeZoneRules, text: String) {
        kind = .cron(expression)
        self.zone = zone
        self.text = text
    }

    /// The first time behind `time`. Nil at the end of time.
    public func next(after time: Timestamp) -> Timestamp? {
        switch kind {
        case .every(let interval):
            let (next, overflow) = ((time.milliseconds.flooredDivision(by: interval)) + 1)
                .multipliedReportingOverflow(by: interval)
            return overflow ? nil : Timestamp(milliseconds: next)
        case .cron(let expression): return next(of: expression, after: time)
        }
    }

    /// The last time that is not behind `time` but behind `start`: of those that were missed the one that counts.
    public func last(through time: Timestamp, after start: Timestamp) -> Timestamp? {
        guard start < time else { return nil }
        if case .every(let interval) = kind {
            let last = time.milliseconds.flooredDivision(by: interval) * interval
            return last > start.milliseconds ? Timestamp(milliseconds: last) : nil
        }
        // From ever further before the end, so that a long absence costs no more than its last day.
        var reach: Int64 = 3_600_000
        while true {
            let from = max(start, Timestamp(milliseconds: time.milliseconds - reach))
            var found: Timestamp?
            var next = self.next(after: from)
            while let due = next, due <= time {
                found = due
                next = self.next(after: due)
            }
            if found != nil || from == start { return found }
            reach *= 24
        }
    }

    /// The latest time that can have been done already, when it is `now`.
    ///
    /// Another host's clock may be ahead by less than a period. Where a later time was kept as done, the clock was set
    /// back since. What is meant for any hour, and an interval, then follow the new clock, as with Vixie's cron; what is
    /// meant for certain hours is not done twice where it was set back by three hours or less.
    public func latestBelieved(at now: Timestamp) -> Timestamp {
        let next = self.next(after: now) ?? now
        guard case .cron(let expression) = kind, !expression.isForAnyHour else { return next }
        return max(next, now + .seconds(3 * 3_600))
    }

    /// Days looked at: between two leap days there may be eight years.
    private static let days: Int64 = 9 * 366

    private func next(of expression: CronExpression, after time: Timestamp) -> Timestamp? {
        let now = time.milliseconds.flooredDivision(by: 1_000)
        // No time is further from now than the end of time is.
        guard abs(now) < 1 << 40 else { return nil }
        let today = (now + zone.offset(at: now)).flooredDivision(by: 86_400)
        // Yesterday as well: where the clock is set back over midnight, it comes again.
        for day in (today - 1)...(today + Self.days) where expression.includes(CalendarDate(days: day)) {
            if let due = times(of: expression, on: day).filter({ $0 > now }).min() {
                return Timestamp(milliseconds: due * 1_000)
            }
        }
        return nil
    }

    private func times(of expression: CronExpression, on day: Int64) -> [Int64] {
        let minutes = expression.minutes.numbers
        return expression.hours.numbers.flatMap { hour in
            minutes.flatMap { minute -> [Int64] in
                switch zone.times(ofLocal: day * 86_400 + hour * 3_600 + minute * 60) {
                case .there(let times): expression.isForAnyHour ? times : Array(times.prefix(1))
                case .skipped(let change): expression.isForAnyHour ? [] : [change]
                }
            }
        }
    }
}
