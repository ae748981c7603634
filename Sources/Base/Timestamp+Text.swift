extension Timestamp {
    /// RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`.
    public var rfc3339: String {
        let (date, time) = calendar
        var text: [UInt8] = []
        text.reserveCapacity(24)
        text.append(number: date.year, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(number: date.month, digits: 2)
        text.append(UInt8(ascii: "-"))
        text.append(number: date.day, digits: 2)
        text.append(UInt8(ascii: "T"))
        text.append(timeOfDay: time / 1_000)
        text.append(UInt8(ascii: "."))
        text.append(number: time % 1_000, digits: 3)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads RFC 3339 with any offset, with or without fractions of a second (what is below a millisecond is
    /// dropped; a leap second counts as the one after it). Nil for anything else.
    public init?(rfc3339 text: String) {
        var scanner = DigitScanner(text)
        guard text.utf8.count <= 64,
            let year = scanner.number(4), scanner.take("-"),
            let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.number(2), scanner.take(":"),
            let minute = scanner.number(2), scanner.take(":"),
            let second = scanner.number(2),
            hour < 24, minute < 60, second < 61,
            let fraction = scanner.take(".") ? scanner.milliseconds() : 0,
            let offset = scanner.offset(), scanner.isAtEnd
        else { return nil }
        let date = CalendarDate(year: year, month: month, day: day)
        // An impossible day, such as 30 February, comes back as another one.
        guard CalendarDate(days: date.days) == date else { return nil }
        let seconds = date.days * 86_400 + (hour * 60 + minute) * 60 + second - offset
        self.init(milliseconds: seconds * 1_000 + fraction)
    }

    /// The form of HTTP's `Date` (RFC 9110 section 5.6.7).
    public var httpDate: String {
        let (date, time) = calendar
        var text: [UInt8] = []
        text.reserveCapacity(29)
        text.append(contentsOf: Self.weekdays[date.weekday].utf8)
        text.append(contentsOf: ", ".utf8)
        text.append(number: date.day, digits: 2)
        text.append(contentsOf: Self.months[Int(date.month - 1)].utf8)
        text.append(number: date.year, digits: 4)
        text.append(UInt8(ascii: " "))
        text.append(timeOfDay: time / 1_000)
        text.append(contentsOf: " GMT".utf8)
        return String(decoding: text, as: UTF8.self)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
        " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec ",
    ]

    /// A point in time from seconds, which may be any number; what does not fit is cut off, and the milliseconds
    /// that a `Double` tells apart stay exact.
    package init(seconds: Double) {
        let milliseconds = (seconds * 1_000).rounded()
        self.init(milliseconds: milliseconds.isNaN ? 0 : Int64(max(-9e15, min(milliseconds, 9e15))))
    }

    /// The day, and the milliseconds since its beginning.
    private var calendar: (CalendarDate, Int64) {
        let perDay: Int64 = 86_400_000
        let remainder = milliseconds % perDay
        let (days, time) =
            remainder < 0
            ? (milliseconds / perDay - 1, remainder + perDay) : (milliseconds / perDay, remainder)
        return (CalendarDate(days: days), time)
    }
}

extension [UInt8] {
    /// At least `digits` decimal digits.
    fileprivate mutating func append(number: Int64, digits: Int) {
        var scale: Int64 = 1
        for _ in 1..<digits { scale *= 10 }
        if number < 0 || number >= scale * 10 {
            append(contentsOf: String(number).utf8)
            return
        }
        while scale > 0 {
            append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
    }

    fileprivate mutating func append(timeOfDay seconds: Int64) {
        append(number: seconds / 3_600, digits: 2)
        append(UInt8(ascii: ":"))
        append(number: seconds / 60 % 60, digits: 2)
        append(UInt8(ascii: ":"))
        append(number: seconds % 60, digits: 2)
    }
}

/// Takes fixed numbers of digits off the beginning of a text.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        let text = rest.prefix(digits)
        guard text.count == digits else { return nil }
        var number: Int64 = 0
        for byte in text {
            guard byte >= 48, byte <= 57 else { return nil }
            number = number * 10 + Int64(byte - 48)
        }
        rest = rest.dropFirst(digits)
        return number
    }

    /// The digits behind the point, as milliseconds; nil without a digit.
    mutating func milliseconds() -> Int64? {
        var (value, scale, count): (Int64, Int64, Int) = (0, 100, 0)
        while let digit = number(1) {
            value += digit * scale
            scale /= 10
            count += 1
        }
        return count > 0 ? value : nil
    }

    /// `Z` or an offset such as `+09:00`, in seconds.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60 else {
            return nil
        }
        return sign * (hour * 60 + minute) * 60
    }
}
