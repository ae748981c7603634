internal import Base

/// Reads and writes amounts with a unit: `500ms`, `2m`, `16KiB`.
package struct UnitTable: Sendable {
    /// Why a text is not such an amount.
    package enum Failure: Error, Equatable {
        /// Not digits followed by letters.
        case notAnAmount
        /// A number alone, where it needs a unit.
        case missingUnit(number: String)
        case unknownUnit(number: String, unit: String)
        /// More than an integer holds.
        case tooLarge
    }

    /// Units in rising order and what one of them is worth in the smallest.
    package let units: [(name: String, factor: Int)]
    /// What others call these units, in lower case.
    let synonyms: [String: String]
    /// What a number alone is counted in, if it may stand alone.
    let bareFactor: Int?

    /// Durations, in milliseconds.
    package static let durations = UnitTable(
        units: [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)],
        synonyms: [
            "msec": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms", "sec": "s", "secs": "s",
            "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
            "hr": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
        ],
        bareFactor: nil)

    /// Sizes, in bytes: KB is 1000 and KiB is 1024.
    package static let sizes = UnitTable(
        units: [
            ("B", 1), ("KB", 1000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20),
            ("GB", 1_000_000_000), ("GiB", 1 << 30),
        ],
        synonyms: ["byte": "B", "bytes": "B", "k": "KiB", "ki": "KiB", "m": "MiB", "mi": "MiB", "g": "GiB"],
        bareFactor: 1)

    /// The amount in the smallest unit.
    package func amount(_ text: String) throws(Failure) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text[digits.endIndex...].drop { $0 == " " }
        guard !digits.isEmpty, unit.allSatisfy({ $0.isASCII && $0.isLetter }) else { throw .notAnAmount }
        let factor: Int
        if unit.isEmpty {
            guard let bareFactor else { throw .missingUnit(number: String(digits)) }
            factor = bareFactor
        } else if let known = units.first(where: { $0.name == unit }) {
            factor = known.factor
        } else {
            throw .unknownUnit(number: String(digits), unit: String(unit))
        }
        guard let number = Int(digits) else { throw .tooLarge }
        let (amount, overflows) = number.multipliedReportingOverflow(by: factor)
        guard !overflows else { throw .tooLarge }
        return amount
    }

    /// The amount as one writes it: in the largest unit that divides it.
    package func text(_ amount: Int) -> String {
        let fits = units.last { amount != 0 && amount.isMultiple(of: $0.factor) }
        let unit = fits ?? (bareFactor == nil ? units.first : nil)
        return unit.map { "\(amount / $0.factor)\($0.name)" } ?? "\(amount)"
    }

    /// The unit that was probably meant.
    package func unit(near word: String) -> String? {
        synonyms[word.lowercased()] ?? nearest(word, among: units.map(\.name))
    }
}
