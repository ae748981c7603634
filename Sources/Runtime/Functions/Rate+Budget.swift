extension Rate {
    /// Reads a budget as people write it: `50k/day`, `1.5M per 30 days`, `2000/hour`.
    ///
    /// `k` is 1000 and `M` is 1,000,000, with at most one decimal place in front. The window is read as
    /// ``init(parsing:)`` does, 1 minute to 30 days.
    public init(parsingBudget text: some StringProtocol) throws(RateError) {
        let form = RateForm.budget
        var rest = Substring(text)
        rest.trimSpaces()
        let start = rest
        let count = try rest.takeCount(form, of: text)
        let written = start[..<rest.startIndex].filter { $0 != " " }
        try self.init(count: count, written: written, windowIn: rest, form, of: text)
    }

    /// The rate as one writes a budget: `50k/day`, `1.5M/30 days`.
    public var budgetDescription: String {
        for (unit, suffix) in [(1_000_000, "M"), (1000, "k")]
        where count >= unit && count.isMultiple(of: unit / 10) {
            let tenths = count / (unit / 10) % 10
            return "\(count / unit)\(tenths == 0 ? "" : ".\(tenths)")\(suffix)/\(period)"
        }
        return description
    }
}

extension Substring {
    /// Takes a number such as `50k`, `1.5M` or `2000` and the spaces behind it.
    fileprivate mutating func takeCount(_ form: RateForm, of text: some StringProtocol) throws(RateError)
        -> Int
    {
        guard let whole = try takeNumber(form) else {
            throw RateError(text, form, "it must start with a count")
        }
        var tenths: Int?
        if first == "." {
            removeFirst()
            let digits = prefix { $0.isASCII && $0.isNumber }
            guard digits.utf8.count == 1, let digit = Int(digits) else {
                throw RateError(text, form, "a fraction has one decimal place")
            }
            self = self[digits.endIndex...].drop { $0 == " " }
            tenths = digit
        }
        let unit: Int
        switch first {
        case "k", "K": unit = 1000
        case "m", "M": unit = 1_000_000
        default:
            guard tenths == nil else { throw RateError(text, form, "a fraction needs k or M behind it") }
            return whole
        }
        self = dropFirst().drop { $0 == " " }
        let (product, overflows) = whole.multipliedReportingOverflow(by: unit)
        let (count, isTooLarge) = product.addingReportingOverflow((tenths ?? 0) * (unit / 10))
        guard !overflows, !isTooLarge else { throw RateError(text, form, "the number is too large") }
        return count
    }
}
