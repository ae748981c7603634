internal import Base

/// How often something may happen: at most `count` times in any `window`.
public struct Rate: Sendable, Equatable {
    /// How many times; 1 to 1,000,000,000.
    public let count: Int
    /// In how long a time; whole seconds, 1 second to 30 days.
    public let window: Duration

    /// A rate made in code.
    ///
    /// - Precondition: `count` and `window` are in range.
    public init(count: Int, window: Duration) {
        let seconds = window.components.seconds
        precondition(ManifestBounds.rateCount.contains(count), "a rate's count is out of range")
        precondition(
            window.components.attoseconds == 0 && seconds >= 1 && seconds <= 30 * 86_400,
            "a rate's window is out of range")
        self.count = count
        self.window = window
    }

    /// Reads one rate as people write it: `30/minute`, `10 per hour`, `100/15 minutes`, `1/s`.
    ///
    /// Case and spaces do not count. Units are second, minute, hour and day, their plurals, and s, sec, m, min,
    /// h, d.
    public init(parsing text: some StringProtocol) throws(RateError) {
        let form = RateForm.calls
        var rest = Substring(text)
        rest.trimSpaces()
        guard let count = try rest.takeNumber(form) else {
            throw RateError(text, form, "it must start with a count")
        }
        try self.init(count: count, written: "\(count)", windowIn: rest, form, of: text)
    }

    /// Reads what follows the count, which stands in suggestions as it was written.
    init(
        count: Int, written: String, windowIn text: Substring, _ form: RateForm, of whole: some StringProtocol
    ) throws(RateError) {
        var rest = text
        guard rest.takeSeparator() else { throw RateError(whole, form, "'/' or 'per' must follow the count") }
        let multiple = try rest.takeNumber(form) ?? 1
        let unit = rest.lowercased()
        guard !unit.isEmpty else {
            throw RateError(whole, form, "it must end with \(form.units.joined(separator: ", ")) or day")
        }
        guard let seconds = Self.secondsOfUnit[unit] else {
            let words = form.units + ["day"]
            let meant = nearest(unit, among: words + words.map { $0 + "s" })
            let period = meant.map { word in
                let singular = word.hasSuffix("s") ? String(word.dropLast()) : word
                return multiple == 1 ? singular : "\(multiple) \(singular)s"
            }
            throw RateError(
                whole, form, "'\(quoted(unit))' is not a unit of time", period.map { "\(written)/\($0)" })
        }
        let (window, overflows) = seconds.multipliedReportingOverflow(by: multiple)
        guard ManifestBounds.rateCount.contains(count) else {
            throw RateError(whole, form, "the count must be between 1 and 1000000000")
        }
        guard !overflows, form.window.contains(window) else {
            throw RateError(whole, form, "the window must be between \(form.shortest) and 30 days")
        }
        self.init(count: count, window: .seconds(window))
    }

    /// Reads rates that must all hold, between semicolons, commas or bars: `1/second;30/minute`.
    ///
    /// At most four, each over a window of its own.
    public static func list(parsing text: some StringProtocol) throws(RateError) -> [Rate] {
        var rates: [Rate] = []
        let parts = text.split(
            maxSplits: ManifestBounds.rates, omittingEmptySubsequences: false,
            whereSeparator: { $0 == ";" || $0 == "," || $0 == "|" })
        guard parts.count <= ManifestBounds.rates else {
            throw RateError(text, .calls, "more than \(ManifestBounds.rates) rates")
        }
        for part in parts {
            let rate = try Rate(parsing: part)
            guard !rates.contains(where: { $0.window == rate.window }) else {
                throw RateError(text, .calls, "two rates over the same window")
            }
            rates.append(rate)
        }
        return rates
    }

    private static let secondsOfUnit: [String: Int] = {
        let names: [(Int, [String])] = [
            (1, ["s", "sec", "secs", "second", "seconds"]),
            (60, ["m", "min", "mins", "minute", "minutes"]),
            (3600, ["h", "hr", "hrs", "hour", "hours"]),
            (86_400, ["d", "day", "days"]),
        ]
        let pairs = names.flatMap { seconds, words in words.map { ($0, seconds) } }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }()
}

extension Rate: CustomStringConvertible {
    /// The rate as one writes it: `30/minute`, `100/15 minutes`.
    public var description: String { "\(count)/\(period)" }

    /// The window as one writes it: `minute`, `15 minutes`.
    var period: String {
        let seconds = window.components.seconds
        let units: [(Int64, String)] = [(86_400, "day"), (3600, "hour"), (60, "minute")]
        let (factor, name) = units.first { seconds.isMultiple(of: $0.0) } ?? (1, "second")
        return seconds == factor ? name : "\(seconds / factor) \(name)s"
    }
}

/// What a rate is of, which decides how it is read.
struct RateForm: Sendable {
    /// How such a text is called in messages.
    let name: String
    /// The units of time that such a text is suggested with, below a day.
    let units: [String]
    /// The shortest window, in words.
    let shortest: String
    /// How long a window may be, in seconds.
    let window: ClosedRange<Int>

    static let calls = RateForm(
        name: "a rate such as 30/minute", units: ["second", "minute", "hour"], shortest: "1 second",
        window: ManifestBounds.rateWindow)
    static let budget = RateForm(
        name: "a token budget such as 50k/day", units: ["minute", "hour"], shortest: "1 minute",
        window: ManifestBounds.tokenWindow)
}

/// Why a text is not a rate.
public struct RateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, with the text.
    public let description: String
    /// A rate that was probably meant.
    public let suggestion: String?

    init(_ text: some StringProtocol, _ form: RateForm, _ reason: String, _ suggestion: String? = nil) {
        description = "'\(quoted(String(text)))' is not \(form.name): \(reason)"
        self.suggestion = suggestion
    }
}

extension Substring {
    mutating func trimSpaces() {
        self = drop { $0 == " " }
        while last == " " { removeLast() }
    }

    /// Takes a number and the spaces behind it; nil if there is none.
    mutating func takeNumber(_ form: RateForm) throws(RateError) -> Int? {
        let digits = prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        guard let number = Int(digits) else { throw RateError(digits, form, "the number is too large") }
        self = self[digits.endIndex...].drop { $0 == " " }
        return number
    }

    /// Takes `/` or `per` and the spaces behind it.
    fileprivate mutating func takeSeparator() -> Bool {
        if first == "/" {
            removeFirst()
        } else if prefix(3).lowercased() == "per" {
            removeFirst(3)
        } else {
            return false
        }
        self = drop { $0 == " " }
        return true
    }
}
