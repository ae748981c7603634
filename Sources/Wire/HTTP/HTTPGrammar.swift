internal import Base

/// Character classes and small productions of RFC 9110 and RFC 9112.
enum HTTPGrammar {
    /// `tchar` of RFC 9110 5.6.2, a bit for each octet below 64, and from 64.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    /// `reg-name` of RFC 3986 3.2.2: unreserved, sub-delims and `%`.
    private static let hostLow: UInt64 = 0x2BFF_7FF2_0000_0000
    private static let hostHigh: UInt64 = 0x47FF_FFFE_87FF_FFFE

    static func isTokenByte(_ byte: UInt8) -> Bool {
        contains(byte, low: tokenLow, high: tokenHigh)
    }

    /// A letter, a digit or a hyphen.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || ASCII.isDigit(byte) || byte == ASCII.minus
    }

    static func isToken(_ text: String) -> Bool {
        // A span, for the view's own iterator takes five times as long.
        let bytes = text.utf8.span
        // Nearly all are plain words.
        guard bytes.hasAny(where: { !isWordByte($0) }) else { return !bytes.isEmpty }
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return true
    }

    static func isFieldValue(_ text: String) -> Bool {
        isFieldValue(text.utf8.span)
    }

    static func isFieldValue(_ bytes: Span<UInt8>) -> Bool { !bytes.hasAny { !isFieldByte($0) } }

    /// Field content of RFC 9110 5.5: anything but the control characters, HTAB excepted.
    static func isFieldByte(_ byte: UInt8) -> Bool {
        (byte >= ASCII.space && byte != ASCII.delete) || byte == ASCII.tab
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// Where the blanks that start a range end.
    static func skipBlanks(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, isBlank(bytes[index]) { index += 1 }
        return index
    }

    /// Where the token that starts a range ends; the range's start where none does.
    static func endOfToken(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, isTokenByte(bytes[index]) { index += 1 }
        return index
    }

    /// Where the `quoted-string` (RFC 9110 5.6.4) that starts a range ends, behind its quote; nil where none does.
    static func endOfQuotedString(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard range.lowerBound < range.upperBound, bytes[range.lowerBound] == ASCII.quote else { return nil }
        var index = range.lowerBound + 1
        while index < range.upperBound {
            switch bytes[index] {
            case ASCII.quote: return index + 1
            case ASCII.backslash:
                guard index + 1 < range.upperBound, isFieldByte(bytes[index + 1]) else { return nil }
                index += 2
            default:
                guard isFieldByte(bytes[index]) else { return nil }
                index += 1
            }
        }
        return nil
    }

    /// `range` without the blanks at its ends.
    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        trimmedEnd(bytes, skipBlanks(bytes, range)..<range.upperBound)
    }

    /// `range` without the blanks at its end.
    static func trimmedEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var upper = range.upperBound
        while upper > range.lowerBound, isBlank(bytes[upper - 1]) { upper -= 1 }
        return range.lowerBound..<upper
    }

    /// Whether these bytes are `uri-host [ ":" port ]` of RFC 9110 7.2. An empty host passes: a client sends
    /// one where its target has no authority (RFC 9112 3.2).
    static func isHost(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        if index < bytes.count, bytes[index] == ASCII.leftBracket {
            index += 1
            let literal = index
            while index < bytes.count, bytes[index] == ASCII.colon || isHostByte(bytes[index]) { index += 1 }
            guard index > literal, index < bytes.count, bytes[index] == ASCII.rightBracket else {
                return false
            }
            index += 1
        } else {
            while index < bytes.count, isHostByte(bytes[index]) { index += 1 }
        }
        guard index < bytes.count else { return true }
        guard bytes[index] == ASCII.colon, bytes.count - index <= 6 else { return false }
        index += 1
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        return index == bytes.count
    }

    /// The elements of a comma-separated list (RFC 9110 5.6.1), blanks and empty elements left out.
    static func listElements(_ value: String) -> [Substring] {
        // Octets, not Characters: a combining mark behind a comma does not make it another character here.
        value.utf8.split(separator: ASCII.comma).compactMap { element in
            var element = element
            while let first = element.first, isBlank(first) { element.removeFirst() }
            while let last = element.last, isBlank(last) { element.removeLast() }
            return element.isEmpty ? nil : Substring(element)
        }
    }

    private static func isHostByte(_ byte: UInt8) -> Bool { contains(byte, low: hostLow, high: hostHigh) }

    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        guard byte < 128 else { return false }
        return ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}
