/// Finds the parts of a JSON text (RFC 8259) without building values, so that a packet can be taken apart
/// and each part handed to its decoder as it is. Linear, iterative, and limited in depth.
public enum JSONScanner {
    /// How many arrays and objects may stand within each other, the outermost included.
    public static let depthLimit = 128

    /// Why a text has no elements.
    package enum Fault: Error { case malformed, tooDeep, tooMany }

    /// The texts of the elements of an array, without the blanks around them; nil where the text is not one
    /// well-formed array, or deeper than `depth`.
    public static func elements(of json: String, depth: Int = depthLimit) -> [String]? {
        let bytes = json.utf8.span
        guard let ranges = try? elementRanges(of: bytes, depth: depth) else { return nil }
        var elements: [String] = []
        elements.reserveCapacity(ranges.count)
        for range in ranges {
            guard let element = bytes.utf8Text(range) else { return nil }
            elements.append(element)
        }
        return elements
    }

    /// Where the elements of an array stand. Beyond `limit` of them nothing is looked at.
    package static func elementRanges(
        of bytes: Span<UInt8>, atMost limit: Int = .max, depth: Int = depthLimit
    ) throws(Fault) -> [Range<Int>] {
        var index = skipSpace(bytes, 0)
        guard isByte(bytes, index, ASCII.leftBracket) else { throw .malformed }
        index = skipSpace(bytes, index + 1)
        var ranges: [Range<Int>] = []
        if isByte(bytes, index, ASCII.rightBracket) {
            index += 1
        } else {
            while true {
                guard ranges.count < limit else { throw .tooMany }
                guard let end = endOfValue(bytes, from: index, depth: 1, limit: depth) else {
                    throw endOfValue(bytes, from: index, depth: 1, limit: .max) == nil ? .malformed : .tooDeep
                }
                ranges.append(index..<end)
                index = skipSpace(bytes, end)
                if isByte(bytes, index, ASCII.comma) {
                    index = skipSpace(bytes, index + 1)
                } else if isByte(bytes, index, ASCII.rightBracket) {
                    index += 1
                    break
                } else {
                    throw .malformed
                }
            }
        }
        guard skipSpace(bytes, index) == bytes.count else { throw .malformed }
        return ranges
    }

    /// The members of an object in order, their names decoded and their values as texts; nil where the text
    /// is not one well-formed object, or deeper than `depth`. For a few of them, `values(of:in:)` costs less.
    public static func members(of json: String, depth: Int = depthLimit) -> [(name: String, value: String)]? {
        let bytes = json.utf8.span
        guard let found = memberRanges(of: bytes, depth: depth) else { return nil }
        var members: [(name: String, value: String)] = []
        members.reserveCapacity(found.count)
        for (name, value) in found {
            guard let name = bytes.utf8Text(name).flatMap({ string(of: $0) }),
                let value = bytes.utf8Text(value)
            else { return nil }
            members.append((name: name, value: value))
        }
        return members
    }

    /// The values of some members of an object, as texts: for each name the last of it, or nil where there is none.
    /// Nothing is copied of the other members, however many there are.
    ///
    /// Nil where the text is not one well-formed object, is too deep, or has more than `limit` bytes: then it is not
    /// looked at.
    public static func values(
        of names: [String], in json: String, atMost limit: Int = .max, depth: Int = depthLimit
    ) -> [String?]? {
        let bytes = json.utf8.span
        guard bytes.count <= limit else { return nil }
        var found = [Range<Int>?](repeating: nil, count: names.count)
        let isObject = eachMember(of: bytes, depth: depth) { name, value in
            for (place, wanted) in names.enumerated() where isName(bytes, name, wanted) {
                found[place] = value
            }
        }
        guard isObject else { return nil }
        return found.map { $0.flatMap { bytes.utf8Text($0) } }
    }

    /// Whether a string, its quotes included, stands for this text.
    private static func isName(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: String) -> Bool {
        let wanted = text.utf8.span
        if range.count == wanted.count + 2 {
            var index = 0
            while index < wanted.count, bytes[range.lowerBound + 1 + index] == wanted[index] { index += 1 }
            if index == wanted.count { return true }
        }
        // An escape takes up to six octets for one.
        guard range.count > wanted.count + 2, range.count <= 6 * wanted.count + 2,
            let literal = bytes.utf8Text(range), literal.utf8.contains(ASCII.backslash)
        else { return false }
        return string(of: literal) == text
    }

    /// Where the members of an object stand, in order: each name with its quotes, and each value. Nil where the bytes
    /// are not one well-formed object, or too deep; whether they are UTF-8 is not looked at.
    package static func memberRanges(
        of bytes: Span<UInt8>, depth: Int = depthLimit
    ) -> [(name: Range<Int>, value: Range<Int>)]? {
        var members: [(name: Range<Int>, value: Range<Int>)] = []
        return eachMember(of: bytes, depth: depth) { members.append(($0, $1)) } ? members : nil
    }

    /// Goes through the members of an object; whether it is one, well-formed and not too deep.
    @inline(__always)
    private static func eachMember(
        of bytes: Span<UInt8>, depth: Int, _ visit: (_ name: Range<Int>, _ value: Range<Int>) -> Void
    ) -> Bool {
        var index = skipSpace(bytes, 0)
        guard isByte(bytes, index, ASCII.leftBrace) else { return false }
        index = skipSpace(bytes, index + 1)
        if isByte(bytes, index, ASCII.rightBrace) {
            index += 1
        } else {
            while true {
                guard let endOfName = endOfString(bytes, from: index),
                    let start = startOfMemberValue(bytes, behind: endOfName),
                    let end = endOfValue(bytes, from: start, depth: 1, limit: depth)
                else { return false }
                visit(index..<endOfName, start..<end)
                index = skipSpace(bytes, end)
                if isByte(bytes, index, ASCII.comma) {
                    index = skipSpace(bytes, index + 1)
                } else if isByte(bytes, index, ASCII.rightBrace) {
                    index += 1
                    break
                } else {
                    return false
                }
            }
        }
        return skipSpace(bytes, index) == bytes.count
    }

    /// Whether the bytes are exactly one value in UTF-8, without blanks around it and not too deep.
    public static func isValue(_ text: [UInt8]) -> Bool {
        let bytes = text.span
        guard endOfValue(bytes, from: 0, depth: 0) == bytes.count else { return false }
        return (try? UTF8Span(validating: bytes)) != nil
    }

    /// Whether a text is one value, blanks around it or not, and not too deep.
    public static func isJSON(_ text: String) -> Bool {
        let bytes = text.utf8.span
        guard let end = endOfValue(bytes, from: skipSpace(bytes, 0), depth: 0) else { return false }
        return skipSpace(bytes, end) == bytes.count
    }

    @inlinable package static func isSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab || byte == ASCII.lineFeed || byte == ASCII.carriageReturn
    }

    @inlinable package static func isByte(_ bytes: Span<UInt8>, _ index: Int, _ byte: UInt8) -> Bool {
        index < bytes.count && bytes[index] == byte
    }

    @inlinable package static func skipSpace(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < bytes.count, isSpace(bytes[index]) { index += 1 }
        return index
    }

    /// Where the value that starts at `start` ends; nil where none does. `depth` containers are open already, and
    /// `limit` may be.
    package static func endOfValue(
        _ bytes: Span<UInt8>, from start: Int, depth: Int, limit: Int = depthLimit
    ) -> Int? {
        var closers: [UInt8] = []
        var index = start
        while true {
            guard index < bytes.count else { return nil }
            let opener = bytes[index]
            if opener == ASCII.leftBracket || opener == ASCII.leftBrace {
                guard depth + closers.count < limit else { return nil }
                let closer = opener == ASCII.leftBrace ? ASCII.rightBrace : ASCII.rightBracket
                index = skipSpace(bytes, index + 1)
                if !isByte(bytes, index, closer) {
                    closers.append(closer)
                    if closer == ASCII.rightBrace {
                        guard let value = startOfMemberValue(bytes, from: index) else { return nil }
                        index = value
                    }
                    continue
                }
                index += 1
            } else {
                guard let end = endOfScalar(bytes, from: index) else { return nil }
                index = end
            }
            // A value is complete: what closes with it, or which value comes next?
            while let closer = closers.last {
                index = skipSpace(bytes, index)
                if isByte(bytes, index, closer) {
                    closers.removeLast()
                    index += 1
                    continue
                }
                guard isByte(bytes, index, ASCII.comma) else { return nil }
                index = skipSpace(bytes, index + 1)
                if closer == ASCII.rightBrace {
                    guard let value = startOfMemberValue(bytes, from: index) else { return nil }
                    index = value
                }
                break
            }
            if closers.isEmpty { return index }
        }
    }

    /// Where the value of the member whose name starts at `start` starts.
    private static func startOfMemberValue(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        endOfString(bytes, from: start).flatMap { startOfMemberValue(bytes, behind: $0) }
    }

    /// Where the value of the member whose name ends at `end` starts.
    private static func startOfMemberValue(_ bytes: Span<UInt8>, behind end: Int) -> Int? {
        let colon = skipSpace(bytes, end)
        guard isByte(bytes, colon, ASCII.colon) else { return nil }
        return skipSpace(bytes, colon + 1)
    }

    package static func endOfScalar(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        switch bytes[start] {
        case ASCII.quote: endOfString(bytes, from: start)
        case ASCII.minus, ASCII.zero...ASCII.nine: endOfNumber(bytes, from: start)
        case 0x74: endOfLiteral(bytes, from: start, "true")
        case 0x66: endOfLiteral(bytes, from: start, "false")
        case 0x6E: endOfLiteral(bytes, from: start, "null")
        default: nil
        }
    }

    package static func endOfLiteral(_ bytes: Span<UInt8>, from start: Int, _ literal: String) -> Int? {
        var index = start
        for byte in literal.utf8 {
            guard isByte(bytes, index, byte) else { return nil }
            index += 1
        }
        return index
    }

    private static func endOfNumber(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = isByte(bytes, start, ASCII.minus) ? start + 1 : start
        if isByte(bytes, index, ASCII.zero) {
            index += 1
        } else {
            guard let end = endOfDigits(bytes, from: index) else { return nil }
            index = end
        }
        if isByte(bytes, index, ASCII.dot) {
            guard let end = endOfDigits(bytes, from: index + 1) else { return nil }
            index = end
        }
        if index < bytes.count, ASCII.lowercased(bytes[index]) == 0x65 {
            index += 1
            if isByte(bytes, index, ASCII.plus) || isByte(bytes, index, ASCII.minus) { index += 1 }
            return endOfDigits(bytes, from: index)
        }
        return index
    }

    private static func endOfDigits(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        return index > start ? index : nil
    }

    package static func endOfString(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard isByte(bytes, start, ASCII.quote) else { return nil }
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == ASCII.quote { return index }
            if byte < ASCII.space { return nil }
            guard byte == ASCII.backslash else { continue }
            guard index < bytes.count else { return nil }
            switch bytes[index] {
            case ASCII.quote, ASCII.backslash, ASCII.slash, 0x62, 0x66, 0x6E, 0x72, 0x74: index += 1
            case 0x75:
                guard bytes.count - index >= 5 else { return nil }
                for digit in (index + 1)...(index + 4) where ASCII.hexValue(bytes[digit]) == nil {
                    return nil
                }
                index += 5
            default: return nil
            }
        }
        return nil
    }
}
