/// How long a server asks to be left alone (RFC 9110 section 10.2.3).
enum RetryAfter {
    /// The wait of a field `Retry-After`, which is in seconds or a date. A date is of the server's clock, which is not
    /// ours: it counts from the response's field `Date`. Nil for anything else.
    static func wait(_ field: String?, date: String?) -> Duration? {
        guard let field else { return nil }
        if (1...9).contains(field.utf8.count), field.utf8.allSatisfy({ (48...57).contains($0) }),
            let seconds = Int(field)
        {
            return .seconds(seconds)
        }
        guard let then = seconds(field), let now = date.flatMap(seconds) else { return nil }
        return .seconds(max(0, then - now))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The seconds from some beginning to a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). The
    /// two forms that are obsolete are not read.
    private static func seconds(_ date: String) -> Int? {
        let parts = date.split(separator: " ", omittingEmptySubsequences: false)
        guard date.utf8.count == 29, parts.count == 6, parts[5] == "GMT",
            let day = number(parts[1], 1...31),
            let month = months.firstIndex(of: String(parts[2])),
            let year = number(parts[3], 1970...9999)
        else { return nil }
        let time = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = number(time[0], 0...23), let minute = number(time[1], 0...59),
            let second = number(time[2], 0...60)
        else { return nil }
        // Years that begin in March have their leap day at the end.
        let (march, years) = month >= 2 ? (month - 2, year) : (month + 10, year - 1)
        let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * march + 2) / 5 + day
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }
}
