internal import Functions

/// JSON that is almost right, as models and their servers write it.
public enum JSONRepair {
    /// The text with every raw control character that stands in a string as the escape it should be: most often a line
    /// break of a story (RFC 8259 section 7). Linear.
    public static func withoutRawControls(_ json: String) -> String {
        guard json.utf8.contains(where: { $0 < 0x20 }) else { return json }
        var nesting = JSONNesting()
        var out: [UInt8] = []
        out.reserveCapacity(json.utf8.count + 64)
        for byte in json.utf8 {
            let isOutside = nesting.take(byte)
            guard byte < 0x20, !isOutside else {
                out.append(byte)
                continue
            }
            out += "\\u00".utf8
            out.append(digit(byte >> 4))
            out.append(digit(byte & 15))
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
