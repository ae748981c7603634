internal import Base

/// A rule for all years, as the variable `TZ` has it (POSIX, Base Definitions 8.3, with RFC 9636's longer times):
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct POSIXTimeZone: Sendable, Equatable {
    private let standard: Int64
    private let summer: Summer?

    private struct Summer: Sendable, Equatable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// When in a year the clock is changed.
    private struct Change: Sendable, Equatable {
        enum Day: Equatable {
            /// 1 to 365; February 29th is never counted.
            case julian(Int64)
            /// 0 to 365.
            case ordinal(Int64)
            /// A day of the week, Sunday 0, the first to the fourth of a month, or as 5 the last.
            case week(month: Int64, week: Int64, day: Int64)
        }
        let day: Day
        /// Seconds of the local time before the change, from midnight; may be negative, or beyond a day.
        let time: Int64
    }

    /// Nil for a text that is no rule.
    init?(_ text: String) {
        var scanner = Scanner(rest: text.utf8[...])
        guard scanner.name(), let behind = scanner.offset() else { return nil }
        standard = -behind
        guard !scanner.isAtEnd else {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = standard + 3_600
        if !scanner.isNext(ASCII.comma) {
            guard let given = scanner.offset() else { return nil }
            offset = -given
        }
        guard let start = scanner.change(), let end = scanner.change(), scanner.isAtEnd else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// Seconds ahead of UTC at a time in seconds since 1970.
    func offset(at time: Int64) -> Int64 {
        guard let summer else { return standard }
        let day = (time + standard).flooredDivision(by: 86_400)
        let year = CalendarDate(days: day).year
        let start = Self.time(of: summer.start, in: year) - standard
        let end = Self.time(of: summer.end, in: year) - summer.offset
        let isSummer = start < end ? (start..<end).contains(time) : !(end..<start).contains(time)
        return isSummer ? summer.offset : standard
    }

    /// The local time of a change as if it were UTC.
    private static func time(of change: Change, in year: Int64) -> Int64 {
        let newYear = CalendarDate(year: year, month: 1, day: 1).days
        let day: Int64
        switch change.day {
        case .ordinal(let number): day = newYear + number
        case .julian(let number):
            let march = CalendarDate(year: year, month: 3, day: 1).days
            day = number < 60 ? newYear + number - 1 : march + number - 60
        case .week(let month, let week, let weekday):
            let first = CalendarDate(year: year, month: month, day: 1).days
            let next =
                month == 12
                ? CalendarDate(year: year + 1, month: 1, day: 1).days
                : CalendarDate(year: year, month: month + 1, day: 1).days
            let ahead = (weekday - Int64(CalendarDate(days: first).weekday) + 7) % 7
            let wanted = first + ahead + (week - 1) * 7
            day = wanted < next ? wanted : wanted - 7
        }
        return day * 86_400 + change.time
    }

    private struct Scanner {
        var rest: Substring.UTF8View

        var isAtEnd: Bool { rest.isEmpty }

        func isNext(_ byte: UInt8) -> Bool { rest.first == byte }

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        /// Letters, or anything between angle brackets.
        mutating func name() -> Bool {
            if take(UInt8(ascii: "<")) {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[rest.index(after: end)...]
                return true
            }
            let letters = rest.prefix { (0x61...0x7a).contains(ASCII.lowercased($0)) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number() -> Int64? {
            let digits = rest.prefix { ASCII.isDigit($0) }
            guard (1...3).contains(digits.count) else { return nil }
            rest = rest.dropFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - ASCII.zero) }
        }

        /// `[+-]hh[:mm[:ss]]` in seconds; hours up to 167.
        mutating func offset() -> Int64? {
            let isNegative = take(ASCII.minus)
            if !isNegative { _ = take(ASCII.plus) }
            guard var seconds = number().map({ $0 * 3_600 }), seconds <= 167 * 3_600 else { return nil }
            for scale: Int64 in [60, 1] {
                guard take(ASCII.colon) else { break }
                guard let part = number(), part < 60 else { return nil }
                seconds += part * scale
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            guard take(ASCII.comma) else { return nil }
            let day: Change.Day
            if take(UInt8(ascii: "M")) {
                guard let month = number(), take(ASCII.dot), let week = number(), take(ASCII.dot),
                    let weekday = number(), (1...12).contains(month), (1...5).contains(week), weekday <= 6
                else { return nil }
                day = .week(month: month, week: week, day: weekday)
            } else if take(UInt8(ascii: "J")) {
                guard let number = number(), (1...365).contains(number) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(), number <= 365 else { return nil }
                day = .ordinal(number)
            }
            guard take(ASCII.slash) else { return Change(day: day, time: 7_200) }
            return offset().map { Change(day: day, time: $0) }
        }
    }
}

extension Int64 {
    /// The quotient, rounded down.
    func flooredDivision(by divisor: Int64) -> Int64 {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}
