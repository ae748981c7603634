internal import Base

/// The Forwarded field (RFC 7239 section 4): what proxies say of those they ask for.
public enum HTTPForwarded {
    /// The `for` node of each element in order, as it stands there without quotes; nil for an element that names none.
    /// Nil as a whole where the field is not of the grammar: a quote that a client has left open in front of a proxy's
    /// part would hide that part.
    ///
    /// Brackets and colons pass without quotes, too, as proxies write them.
    public static func nodes(_ value: String) -> [String?]? {
        let bytes = value.utf8.span
        var nodes: [String?] = []
        var index = 0
        while true {
            var names: Set<String> = []
            var node: String?
            while true {
                index = HTTPGrammar.skipBlanks(bytes, index..<bytes.count)
                guard index < bytes.count, bytes[index] != ASCII.comma else { break }
                if bytes[index] != ASCII.semicolon {
                    guard let pair = pair(bytes, index), names.insert(pair.name).inserted else { return nil }
                    if pair.name == "for" { node = pair.value }
                    index = HTTPGrammar.skipBlanks(bytes, pair.end..<bytes.count)
                    guard index < bytes.count, bytes[index] != ASCII.comma else { break }
                }
                guard bytes[index] == ASCII.semicolon else { return nil }
                index += 1
            }
            // Empty elements of a list are none (RFC 9110 section 5.6.1).
            if !names.isEmpty { nodes.append(node) }
            guard index < bytes.count else { return nodes }
            index += 1
        }
    }

    /// `token "=" ( token / quoted-string )`, the name in lower case.
    private static func pair(_ bytes: Span<UInt8>, _ start: Int) -> (name: String, value: String, end: Int)? {
        let equals = HTTPGrammar.endOfToken(bytes, start..<bytes.count)
        guard equals > start, equals < bytes.count, bytes[equals] == ASCII.equals,
            let name = bytes.utf8Text(start..<equals)
        else { return nil }
        let value = equals + 1
        if value < bytes.count, bytes[value] == ASCII.quote {
            guard let end = HTTPGrammar.endOfQuotedString(bytes, value..<bytes.count) else { return nil }
            return (name.lowercased(), unescaped(bytes, value + 1..<end - 1), end)
        }
        var end = value
        while end < bytes.count, isNodeByte(bytes[end]) { end += 1 }
        guard end > value, let text = bytes.utf8Text(value..<end) else { return nil }
        return (name.lowercased(), text, end)
    }

    private static func isNodeByte(_ byte: UInt8) -> Bool {
        HTTPGrammar.isTokenByte(byte) || byte == ASCII.colon || byte == ASCII.leftBracket
            || byte == ASCII.rightBracket
    }

    private static func unescaped(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        var text: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == ASCII.backslash, index + 1 < range.upperBound { index += 1 }
            text.append(bytes[index])
            index += 1
        }
        return String(decoding: text, as: UTF8.self)
    }
}
