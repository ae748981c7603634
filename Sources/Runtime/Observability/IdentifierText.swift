package import Base

/// The text of an id: a prefix, `_`, 48 bits of time in ten characters, and random bits, in Crockford's base 32.
package enum IdentifierText {
    /// `0123456789abcdefghjkmnpqrstvwxyz`; not an array, which would be retained and released with each id.
    private static let alphabet: InlineArray<32, UInt8> = [
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
        0x67, 0x68, 0x6a, 0x6b, 0x6d, 0x6e, 0x70, 0x71, 0x72, 0x73, 0x74, 0x76, 0x77, 0x78, 0x79, 0x7a,
    ]

    /// An id with the last `digits` digits of two random numbers: 13 take all of their 64 bits.
    package static func make(
        _ prefix: String, at time: Timestamp, _ first: UInt64, _ second: UInt64, digits: UInt64
    )
        -> String
    {
        let milliseconds = UInt64(bitPattern: time.milliseconds) & 0xffff_ffff_ffff
        return String(capacity: prefix.utf8.count + 37) { text in
            text.append(utf8: prefix)
            text.append(UInt8(ascii: "_"))
            append(milliseconds, digits: 10, to: &text)
            append(first, digits: digits, to: &text)
            append(second, digits: digits, to: &text)
        }
    }

    /// Appends the last digits of a number.
    private static func append(_ number: UInt64, digits: UInt64, to text: inout OutputSpan<UInt8>) {
        var shift = digits &* 5
        while shift > 0 {
            shift &-= 5
            text.append(alphabet[Int(truncatingIfNeeded: number &>> shift & 31)])
        }
    }
}
