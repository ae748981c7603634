/// The values of `ce-*` fields (HTTP protocol binding for CloudEvents 1.0.2, section 3.1.3.2).
enum CloudEventFieldValue {
    /// The text that a value stands for: quoted strings are unescaped (RFC 9110 section 5.6.4), then percent-encoding
    /// is decoded once.
    ///
    /// Not all that writes such fields encodes them (the Python SDK up to 1.12 does not). So what is no encoding stands
    /// for itself: a `%` without two digits, as in `100%`, and the whole value where a quoted string has no end, or the
    /// result is not UTF-8.
    static func decoded(_ value: String) -> String {
        guard let plain = unquoted(value) else { return value }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(plain.count)
        var rest = plain[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let high = rest.first.flatMap(digit),
                let low = rest.dropFirst().first.flatMap(digit)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(high << 4 | low)
            rest.removeFirst(2)
        }
        return String(validating: bytes, as: UTF8.self) ?? value
    }

    private static func unquoted(_ value: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.utf8.count)
        var isQuoted = false
        var rest = value.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            } else {
                bytes.append(byte)
            }
        }
        return isQuoted ? nil : bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
