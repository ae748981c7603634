extension JSONScanner {
    /// A JSON string literal of this text: `"`, `\` and the control characters escaped (RFC 8259 7).
    public static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        appendQuoted(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends a JSON string literal of this text to a buffer.
    public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(ASCII.quote)
        let utf8 = text.utf8.span
        // Nearly every text is its own literal.
        if utf8.hasAny(where: needsEscape) {
            for index in utf8.indices { appendEscaped(utf8[index], to: &bytes) }
        } else {
            bytes.append(utf8)
        }
        bytes.append(ASCII.quote)
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < ASCII.space || byte == ASCII.quote || byte == ASCII.backslash
    }

    private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case ASCII.quote, ASCII.backslash:
            bytes.append(ASCII.backslash)
            bytes.append(byte)
        case ASCII.lineFeed: bytes += [ASCII.backslash, 0x6E]
        case ASCII.carriageReturn: bytes += [ASCII.backslash, 0x72]
        case ASCII.tab: bytes += [ASCII.backslash, 0x74]
        case 0..<ASCII.space:
            bytes += "\\u00".utf8
            bytes += [hexDigit(byte >> 4), hexDigit(byte & 0xF)]
        default: bytes.append(byte)
        }
    }

    /// The text that a JSON string literal stands for; nil where it is none, or has half a surrogate pair.
    /// Blanks around it are not part of a literal.
    public static func string(of literal: String) -> String? {
        let literal = literal.utf8
        guard literal.count >= 2, literal.first == ASCII.quote, literal.last == ASCII.quote else {
            return nil
        }
        let content = literal.dropFirst().dropLast()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count)
        var rest = content
        while let byte = rest.popFirst() {
            guard byte >= ASCII.space, byte != ASCII.quote else { return nil }
            guard byte == ASCII.backslash else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case ASCII.quote: bytes.append(ASCII.quote)
            case ASCII.backslash: bytes.append(ASCII.backslash)
            case ASCII.slash: bytes.append(ASCII.slash)
            case 0x62: bytes.append(0x08)
            case 0x66: bytes.append(0x0C)
            case 0x6E: bytes.append(ASCII.lineFeed)
            case 0x72: bytes.append(ASCII.carriageReturn)
            case 0x74: bytes.append(ASCII.tab)
            case 0x75:
                guard let scalar = escapedScalar(&rest) else { return nil }
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The scalar of one `\u` escape, or of the two of a surrogate pair.
    private static func escapedScalar(_ rest: inout Substring.UTF8View) -> Unicode.Scalar? {
        guard let unit = codeUnit(&rest) else { return nil }
        guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) }
        guard rest.popFirst() == ASCII.backslash, rest.popFirst() == 0x75, let low = codeUnit(&rest),
            low & 0xFC00 == 0xDC00
        else { return nil }
        return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF))
    }

    private static func codeUnit(_ rest: inout Substring.UTF8View) -> UInt32? {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = rest.popFirst().flatMap({ ASCII.hexValue($0) }) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? ASCII.zero + value : 0x61 + value - 10
    }
}
