/// Halves of surrogate pairs in JSON: servers that cut a text between UTF-16 units escape each half by itself
/// (`"\ud83d"` in one delta, `"\udd14"` in the next), which no JSON decoder takes. The halves are carried through the
/// decoder as characters for private use, which no story has, and put together behind it. Pure.
enum SurrogateHalves {
    /// What a half's unit is added to: U+10D800 to U+10DFFF stand for the halves.
    private static let base: UInt32 = 0x10_0000

    /// JSON text of which every escaped half without its other one is a character for private use.
    static func carried(in json: String) -> String {
        let bytes = Array(json.utf8)
        guard bytes.contains(UInt8(ascii: "\\")) else { return json }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                out.append(bytes[index])
                index += 1
                continue
            }
            guard let unit = unit(of: bytes, at: index), (0xD800...0xDFFF).contains(unit) else {
                // The character behind a backslash belongs to it.
                out += bytes[index...].prefix(2)
                index += 2
                continue
            }
            if unit < 0xDC00, let low = Self.unit(of: bytes, at: index + 6), (0xDC00...0xDFFF).contains(low) {
                out += bytes[index..<(index + 12)]
                index += 12
            } else {
                out += String(Unicode.Scalar(base + unit) ?? "\u{FFFD}").utf8
                index += 6
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The unit of an escape `\uXXXX`.
    private static func unit(of bytes: [UInt8], at index: Int) -> UInt32? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { return nil }
        let digits = String(decoding: bytes[(index + 2)..<(index + 6)], as: UTF8.self)
        return digits.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }
            ? UInt32(digits, radix: 16) : nil
    }

    /// Puts halves together that come in pieces. One without its other half is U+FFFD.
    struct Joiner {
        private var high: UInt32?

        /// Takes the next piece; the text that is whole.
        mutating func read(_ piece: String) -> String {
            guard high != nil || piece.unicodeScalars.contains(where: { SurrogateHalves.unit(of: $0) != nil })
            else { return piece }
            var text = String.UnicodeScalarView()
            for scalar in piece.unicodeScalars {
                let unit = SurrogateHalves.unit(of: scalar)
                if let first = high {
                    high = nil
                    if let unit, unit >= 0xDC00,
                        let whole = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00))
                    {
                        text.append(whole)
                        continue
                    }
                    text.append("\u{FFFD}")
                }
                if let unit, unit < 0xDC00 {
                    high = unit
                } else {
                    text.append(unit == nil ? scalar : "\u{FFFD}")
                }
            }
            return String(text)
        }

        /// The text is over; what is left of it.
        mutating func finish() -> String {
            defer { high = nil }
            return high == nil ? "" : "\u{FFFD}"
        }
    }

    private static func unit(of scalar: Unicode.Scalar) -> UInt32? {
        let unit = scalar.value &- base
        return (0xD800...0xDFFF).contains(unit) ? unit : nil
    }
}
