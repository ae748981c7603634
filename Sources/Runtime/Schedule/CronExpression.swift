internal import Base
internal import Functions

/// Times of day on days of the calendar, as crontab(5) writes them: `minute hour day-of-month month day-of-week`.
///
/// A field is `*`, a number, a range `1-5`, a list `1,3,5`, any of these with a step `/2`; months and days of the week
/// also have their first three English letters, and Sunday is 0 or 7. Where both kinds of day are restricted a day
/// needs to be of one of them only (POSIX, crontab). `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`
/// and `@annually` stand for what they say.
public struct CronExpression: Sendable, Equatable {
    let minutes: FieldSet
    let hours: FieldSet
    let daysOfMonth: FieldSet
    let months: FieldSet
    let daysOfWeek: FieldSet

    /// Which numbers a field holds.
    struct FieldSet: Sendable, Equatable {
        /// A bit for each.
        var bits: UInt64 = 0
        /// Whether the field begins with `*`: it is not what restricts.
        var isWildcard = false

        func contains(_ number: Int64) -> Bool { number >= 0 && number < 64 && bits >> number & 1 == 1 }

        var numbers: [Int64] { (0..<64).filter { contains($0) } }
    }

    /// Reads an expression.
    public init(_ text: String) throws(ScheduleFault) {
        let written = Self.nicknames[text.lowercased()] ?? text
        guard !written.hasPrefix("@") else {
            let known = Self.nicknames.keys.sorted().joined(separator: ", ")
            throw ScheduleFault(description: "'\(quoted(text))' is none of \(known)")
        }
        let fields = written.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard fields.count == 5 else {
            throw ScheduleFault(
                description:
                    "a cron expression has five fields (minute hour day-of-month month day-of-week), not \(fields.count)"
            )
        }
        minutes = try Field.minute.read(fields[0])
        hours = try Field.hour.read(fields[1])
        daysOfMonth = try Field.dayOfMonth.read(fields[2])
        months = try Field.month.read(fields[3])
        var week = try Field.dayOfWeek.read(fields[4])
        if week.contains(7) { week.bits = (week.bits | 1) & 0x7f }
        daysOfWeek = week
        guard isPossible else {
            throw ScheduleFault(description: "no day of any year is meant by '\(quoted(text))'")
        }
    }

    /// Whether any hour is meant: such times follow the clock through its changes, others are kept once a day.
    var isForAnyHour: Bool { hours.isWildcard }

    /// Whether the day is meant.
    func includes(_ day: CalendarDate) -> Bool {
        guard months.contains(day.month) else { return false }
        let isOfMonth = daysOfMonth.contains(day.day)
        let isOfWeek = daysOfWeek.contains(Int64(day.weekday))
        if daysOfMonth.isWildcard || daysOfWeek.isWildcard { return isOfMonth && isOfWeek }
        return isOfMonth || isOfWeek
    }

    /// February 30th comes never; any other day within the eight years around a year that is no leap year.
    private var isPossible: Bool {
        let first = CalendarDate(year: 2_000, month: 1, day: 1).days
        return (first..<first + 366).contains { includes(CalendarDate(days: $0)) }
            || !daysOfWeek.isWildcard
                && (first..<first + 28 * 366).contains { includes(CalendarDate(days: $0)) }
    }

    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
}

/// One of the five fields.
private struct Field {
    let name: String
    let range: ClosedRange<Int64>
    var names: [String] = []

    static let minute = Field(name: "minute", range: 0...59)
    static let hour = Field(name: "hour", range: 0...23)
    static let dayOfMonth = Field(name: "day-of-month", range: 1...31)
    static let month = Field(
        name: "month", range: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let dayOfWeek = Field(
        name: "day-of-week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    func read(_ text: Substring) throws(ScheduleFault) -> CronExpression.FieldSet {
        var set = CronExpression.FieldSet(bits: 0, isWildcard: text.first == "*")
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            set.bits |= try bits(part)
        }
        return set
    }

    private func bits(_ part: Substring) throws(ScheduleFault) -> UInt64 {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var step: Int64 = 1
        if halves.count == 2 {
            guard let given = number(halves[1], names: false), given > 0, given <= range.upperBound else {
                throw fault("'\(quoted(String(halves[1])))' is no step", part)
            }
            step = given
        }
        let span: ClosedRange<Int64>
        if halves[0] == "*" {
            // Sunday is there once.
            span = names.count == 7 ? 0...6 : range
        } else {
            let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = number(ends[0], names: true) else {
                throw fault("'\(quoted(String(ends[0])))' is no number", part)
            }
            if ends.count == 2 {
                guard let last = number(ends[1], names: true) else {
                    throw fault("'\(quoted(String(ends[1])))' is no number", part)
                }
                guard first <= last else { throw fault("the range runs backwards", part) }
                span = first...last
            } else {
                // As Vixie's cron has it: a single number with a step goes on to the end.
                span = halves.count == 2 ? first...range.upperBound : first...first
            }
        }
        guard range.contains(span.lowerBound), range.contains(span.upperBound) else {
            throw fault("\(range.lowerBound) to \(range.upperBound) are possible", part)
        }
        return stride(from: span.lowerBound, through: span.upperBound, by: Int(step)).reduce(0) {
            $0 | 1 << UInt64($1)
        }
    }

    private func number(_ text: Substring, names isNameAllowed: Bool) -> Int64? {
        if isNameAllowed, let index = names.firstIndex(of: text.lowercased()) {
            return Int64(index) + (names.count == 12 ? 1 : 0)
        }
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int64(text)
    }

    private func fault(_ reason: String, _ part: Substring) -> ScheduleFault {
        ScheduleFault(description: "in the field \(name), '\(quoted(String(part)))': \(reason)")
    }
}
