/// The Base64 encoding of RFC 4648 section 4: with padding, and strict in what it takes.
public enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each octet as a digit; `noDigit` where it is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: noDigit, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
    private static let noDigit: UInt8 = 0xFF

    /// The octets as Base64, padded to a multiple of four characters.
    public static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        append(bytes.span, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The octets that a text stands for; nil where it is not Base64: another character (blanks too), padding
    /// that is missing or stands elsewhere than at the end, or a last digit with bits that belong to no octet.
    public static func decode(_ text: String) -> [UInt8]? {
        let text = text.utf8.span
        return decode(text, text.indices)
    }

    /// How many characters this many octets take.
    static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends the octets as Base64.
    static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        let digits = Self.digits.span
        // Not past the doubling of the array, so that many short appends stay linear.
        let needed = output.count + encodedCount(bytes.count)
        if needed > output.capacity { output.reserveCapacity(max(needed, output.capacity * 2)) }
        var index = 0
        while bytes.count - index >= 3 {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            output.append(digits[Int(group >> 18)])
            output.append(digits[Int(group >> 12 & 0x3F)])
            output.append(digits[Int(group >> 6 & 0x3F)])
            output.append(digits[Int(group & 0x3F)])
            index += 3
        }
        switch bytes.count - index {
        case 1:
            let group = UInt32(bytes[index])
            output.append(digits[Int(group >> 2)])
            output.append(digits[Int(group << 4 & 0x3F)])
            output.append(ASCII.equals)
            output.append(ASCII.equals)
        case 2:
            let group = UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
            output.append(digits[Int(group >> 10)])
            output.append(digits[Int(group >> 4 & 0x3F)])
            output.append(digits[Int(group << 2 & 0x3F)])
            output.append(ASCII.equals)
        default: break
        }
    }

    /// The octets that this part of a text stands for.
    static func decode(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
        guard range.count.isMultiple(of: 4) else { return nil }
        guard !range.isEmpty else { return [] }
        let values = Self.values.span
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count / 4 * 3)
        let last = range.upperBound - 4
        var index = range.lowerBound
        while index < last {
            let first = values[Int(text[index])]
            let second = values[Int(text[index + 1])]
            let third = values[Int(text[index + 2])]
            let fourth = values[Int(text[index + 3])]
            guard first | second | third | fourth != noDigit else { return nil }
            bytes.append(first << 2 | second >> 4)
            bytes.append(second << 4 | third >> 2)
            bytes.append(third << 6 | fourth)
            index += 4
        }
        return appendLast(text, at: last, to: &bytes) ? bytes : nil
    }

    /// The last four characters may end in padding.
    private static func appendLast(_ text: Span<UInt8>, at index: Int, to bytes: inout [UInt8]) -> Bool {
        let first = values[Int(text[index])]
        let second = values[Int(text[index + 1])]
        guard first != noDigit, second != noDigit else { return false }
        bytes.append(first << 2 | second >> 4)
        if text[index + 2] == ASCII.equals {
            return text[index + 3] == ASCII.equals && second & 0xF == 0
        }
        let third = values[Int(text[index + 2])]
        guard third != noDigit else { return false }
        bytes.append(second << 4 | third >> 2)
        if text[index + 3] == ASCII.equals { return third & 0x3 == 0 }
        let fourth = values[Int(text[index + 3])]
        guard fourth != noDigit else { return false }
        bytes.append(third << 6 | fourth)
        return true
    }
}
