internal import Base
internal import Functions

/// Finds JSON Web Tokens in any text (RFC 7519): base64url parts with dots between them, three or, encrypted, five, of
/// which the first is a JSON object. How that object is written is its author's choice, so its first characters are not
/// always `eyJ`.
package enum WebTokens {
    /// How many bytes are decoded for each byte of a text, before everything that begins like a token counts as one.
    private static let patience = 8
    /// Blanks in front of an object that are passed over.
    private static let blanks = 32

    /// Whether the dot at an index may be the first of a token. Quick, and true rather too often.
    package static func mayStand(around dot: Int, in bytes: Span<UInt8>) -> Bool {
        var end = dot + 1
        while end < bytes.count, isBase64URL(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == period else { return false }
        var start = dot
        while start > 0, isBase64URL(bytes[start - 1]) {
            start -= 1
            if opening(bytes, start..<dot) != .none { return true }
        }
        return false
    }

    /// A text with `replacement` for each token; nil where there is none.
    package static func replaced(in bytes: [UInt8], by replacement: String) -> [UInt8]? {
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        var budget = patience * bytes.count
        while index < bytes.count {
            let start = index
            var dots: [Int] = []
            while index < bytes.count, bytes[index] == period || isBase64URL(bytes[index]) {
                if bytes[index] == period { dots.append(index) }
                index += 1
            }
            if let token = firstToken(bytes, from: start, dots, &budget) {
                result += bytes[copied..<token]
                result += replacement.utf8
                copied = index
            }
            if index == start { index += 1 }
        }
        return copied == 0 ? nil : result + bytes[copied...]
    }

    /// Where the first token of a run begins; two dots follow it.
    private static func firstToken(
        _ bytes: [UInt8], from start: Int, _ dots: [Int], _ budget: inout Int
    ) -> Int? {
        var start = start
        for dot in dots.dropLast() {
            for index in start..<dot {
                switch opening(bytes.span, index..<dot) {
                case .none: continue
                case .object: return index
                case .perhaps:
                    budget -= dot - index
                    if budget < 0 || isObject(bytes[index..<dot]) { return index }
                }
            }
            start = dot + 1
        }
        return nil
    }

    private enum Opening { case none, perhaps, object }

    /// What the base64url text in a range begins with.
    private static func opening(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Opening {
        // What `{`, a blank or a line's end in front become.
        switch bytes[range.lowerBound] {
        case UInt8(ascii: "e"), UInt8(ascii: "I"), UInt8(ascii: "C"), UInt8(ascii: "D"): break
        default: return .none
        }
        var (buffer, bits): (UInt32, UInt32) = (0, 0)
        var isOpen = false
        var passed = 0
        for index in range {
            guard let value = Base64.urlValue(of: bytes[index]) else { return .none }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            let byte = UInt8(truncatingIfNeeded: buffer >> bits)
            switch byte {
            case UInt8(ascii: "{") where !isOpen: isOpen = true
            case UInt8(ascii: "\"") where isOpen: return passed == 0 ? .object : .perhaps
            case 0x20, 0x09, 0x0A, 0x0D:
                if isOpen { return .perhaps }
                passed += 1
                if passed > blanks { return .none }
            case UInt8(ascii: "}") where isOpen: return .perhaps
            default: return .none
            }
        }
        return .none
    }

    private static func isObject(_ part: ArraySlice<UInt8>) -> Bool {
        guard let json = Base64.decode(url: Substring(decoding: part, as: UTF8.self)) else { return false }
        return StrictJSON.fault(in: json.span) != .malformed
    }

    private static let period = UInt8(ascii: ".")

    private static func isBase64URL(_ byte: UInt8) -> Bool { Base64.urlValue(of: byte) != nil }
}
