/// Base64 (RFC 4648), strict in what it takes: section 4 with padding, and section 5, "base64url", without it (RFC 7515
/// section 2).
///
/// Every octet sequence has one text in each form: other characters (blanks too), padding that is missing or stands
/// elsewhere than at the end, and a last digit with bits that belong to no octet are refused.
public enum Base64 {
    /// The octets as Base64, padded to a multiple of four characters.
    public static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        append(bytes.span, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The octets as base64url.
    public static func encode(url bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        append(bytes.span, as: url, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The octets that a padded text stands for; nil where it is none.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let text = String(text).utf8
        return decode(text.span, text.span.indices)
    }

    /// The octets that a base64url text stands for; nil where it is none.
    public static func decode(url text: some StringProtocol) -> [UInt8]? {
        let text = String(text).utf8
        return decode(text.span, text.span.indices, as: url)
    }

    /// How many characters this many octets take, padding included.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends the octets as Base64.
    package static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        append(bytes, as: standard, to: &output)
    }

    /// The octets that this part of a padded text stands for.
    package static func decode(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        decode(text, range, as: standard)
    }

    /// The six bits of a character of base64url.
    package static func urlValue(of byte: UInt8) -> UInt8? {
        let value = url.values[Int(byte)]
        return value == Alphabet.none ? nil : value
    }

    // MARK: One codec, two alphabets

    private struct Alphabet: Sendable {
        /// The value of what is no digit.
        static let none: UInt8 = 0xFF

        let digits: [UInt8]
        /// The value of each octet as a digit.
        let values: [UInt8]
        let isPadded: Bool

        init(lastDigits: String, isPadded: Bool) {
            let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            digits = Array((letters + lastDigits).utf8)
            var values = [UInt8](repeating: Self.none, count: 256)
            for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
            self.values = values
            self.isPadded = isPadded
        }
    }

    private static let standard = Alphabet(lastDigits: "+/", isPadded: true)
    private static let url = Alphabet(lastDigits: "-_", isPadded: false)

    private static func append(_ bytes: Span<UInt8>, as alphabet: Alphabet, to output: inout [UInt8]) {
        let digits = alphabet.digits.span
        output.reserveCapacity(output.count + encodedCount(bytes.count))
        var index = 0
        while index + 3 <= bytes.count {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            output.append(digits[Int(group >> 18)])
            output.append(digits[Int(group >> 12 & 0x3F)])
            output.append(digits[Int(group >> 6 & 0x3F)])
            output.append(digits[Int(group & 0x3F)])
            index += 3
        }
        let padding: Int
        switch bytes.count - index {
        case 1:
            let group = UInt32(bytes[index])
            output.append(digits[Int(group >> 2)])
            output.append(digits[Int(group << 4 & 0x3F)])
            padding = 2
        case 2:
            let group = UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
            output.append(digits[Int(group >> 10)])
            output.append(digits[Int(group >> 4 & 0x3F)])
            output.append(digits[Int(group << 2 & 0x3F)])
            padding = 1
        default: padding = 0
        }
        if alphabet.isPadded { for _ in 0..<padding { output.append(ASCII.equals) } }
    }

    private static func decode(
        _ text: Span<UInt8>, _ range: Range<Int>, as alphabet: Alphabet
    ) -> [UInt8]? {
        let values = alphabet.values.span
        guard let end = end(of: text, range, isPadded: alphabet.isPadded) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity((end - range.lowerBound) / 4 * 3 + 2)
        var index = range.lowerBound
        while index + 4 <= end {
            let first = values[Int(text[index])]
            let second = values[Int(text[index + 1])]
            let third = values[Int(text[index + 2])]
            let fourth = values[Int(text[index + 3])]
            guard first | second | third | fourth != Alphabet.none else { return nil }
            bytes.append(first << 2 | second >> 4)
            bytes.append(second << 4 | third >> 2)
            bytes.append(third << 6 | fourth)
            index += 4
        }
        // Two or three digits are left, or none; the last one has bits that must be zero.
        guard index < end else { return bytes }
        let first = values[Int(text[index])]
        let second = values[Int(text[index + 1])]
        guard first | second != Alphabet.none else { return nil }
        bytes.append(first << 2 | second >> 4)
        guard end - index == 3 else { return second & 0xF == 0 ? bytes : nil }
        let third = values[Int(text[index + 2])]
        guard third != Alphabet.none, third & 0x3 == 0 else { return nil }
        bytes.append(second << 4 | third >> 2)
        return bytes
    }

    /// Where the digits end; nil where so many cannot be, or the padding is wrong.
    private static func end(of text: Span<UInt8>, _ range: Range<Int>, isPadded: Bool) -> Int? {
        var end = range.upperBound
        if isPadded {
            guard range.count.isMultiple(of: 4) else { return nil }
            while end > range.lowerBound, range.upperBound - end < 2, text[end - 1] == ASCII.equals {
                end -= 1
            }
        }
        return (end - range.lowerBound) % 4 == 1 ? nil : end
    }
}
