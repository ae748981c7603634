internal import Runtime

/// Finds ids in texts: a word, `_`, and 26 characters as `SeededRandom.identifier` makes them, or 36 as
/// `Platform.secretIdentifier` does.
enum Identifiers {
    /// Where each id stands in the text's UTF-8.
    static func ranges(in bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "_"), let end = end(of: bytes, from: index + 1) else {
                index += 1
                continue
            }
            var start = index
            let limit = max(found.last?.upperBound ?? 0, index - 64)
            while start > limit, isPrefixByte(bytes[start - 1]) { start -= 1 }
            if start < index { found.append(start..<end) }
            index = end
        }
        return found
    }

    /// The text with `*` in place of what differs from one id to the next: `player_*`.
    static func masked(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let ranges = ranges(in: bytes)
        guard !ranges.isEmpty else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var start = 0
        for range in ranges {
            result += bytes[start..<digits(of: range, in: bytes)]
            result.append(UInt8(ascii: "*"))
            start = range.upperBound
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    /// The text with other ids in place of those that are known.
    static func rewritten(_ text: [UInt8], _ known: (String) -> String?) -> [UInt8] {
        let ranges = ranges(in: text)
        guard !ranges.isEmpty else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var start = 0
        for range in ranges {
            result += text[start..<range.lowerBound]
            if let other = known(String(decoding: text[range], as: UTF8.self)) {
                result += other.utf8
            } else {
                result += text[range]
            }
            start = range.upperBound
        }
        return result + text[start...]
    }

    /// The ids of one text with those that stand in their places in another; nothing where the two differ in more.
    static func pairs(_ text: String, _ other: String) -> [(String, String)] {
        let (a, b) = (Array(text.utf8), Array(other.utf8))
        let (first, second) = (ranges(in: a), ranges(in: b))
        guard first.count == second.count else { return [] }
        var pairs: [(String, String)] = []
        for (left, right) in zip(first, second) {
            let (id, live) = (
                String(decoding: a[left], as: UTF8.self), String(decoding: b[right], as: UTF8.self)
            )
            // The prefix alone: a recording may be from when the ids of sessions were shorter.
            guard
                a[left.lowerBound..<digits(of: left, in: a)] == b[right.lowerBound..<digits(of: right, in: b)]
            else { return [] }
            if id != live { pairs.append((id, live)) }
        }
        return pairs
    }

    private static let lengths = [26, 36]

    /// Where an id's prefix and `_` end: its digits have none.
    private static func digits(of id: Range<Int>, in bytes: [UInt8]) -> Int {
        (bytes[id].lastIndex(of: UInt8(ascii: "_")) ?? id.lowerBound) + 1
    }

    /// Where the id behind a `_` ends; nil where there is none.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        // 48 bits of time in ten characters leave three for the first.
        guard start < bytes.count, (0x30...0x37).contains(bytes[start]) else { return nil }
        var end = start
        while end < bytes.count, end - start <= 36, isDigit(bytes[end]) { end += 1 }
        guard lengths.contains(end - start) else { return nil }
        if end < bytes.count, isPrefixByte(bytes[end]) || bytes[end] == UInt8(ascii: "_") { return nil }
        return end
    }

    /// Crockford's base 32 in lower case: neither i, l, o nor u.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39: true
        case UInt8(ascii: "i"), UInt8(ascii: "l"), UInt8(ascii: "o"), UInt8(ascii: "u"): false
        case 0x61...0x7a: true
        default: false
        }
    }

    private static func isPrefixByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"): true
        default: false
        }
    }
}
