internal import Base

/// The two forms of octets within JSON, and the way from one to the other.
///
/// On the wire Socket.IO puts `{"_placeholder":true,"num":N}` where octets belong and sends them behind the
/// packet. Everywhere else in this project they are the JSON `{"$binary":"<Base64>"}`.
public enum BinaryJSON {
    private static let marker = Array("\"$binary\"".utf8)
    private static let opening = Array("{\"$binary\":\"".utf8)
    private static let placeholderName = Array("\"_placeholder\"".utf8)
    private static let numberName = Array("\"num\"".utf8)

    /// Puts attachments in place of their placeholders.
    ///
    /// Each attachment has to be named exactly once. An object in which `_placeholder` is true, but which is
    /// otherwise no placeholder, is refused rather than taken for data.
    ///
    /// - Parameters:
    ///   - json: one JSON value.
    ///   - attachments: the octets, in the order of their numbers.
    public static func inlined(json: String, attachments: [[UInt8]]) throws(SocketIOError) -> String {
        let text = Array(json.utf8)
        let bytes = text.span
        guard isValue(bytes) else { throw isValue(bytes, depthLimit: .max) ? .tooDeep : .invalidPayload }
        var output: [UInt8] = []
        output.reserveCapacity(
            attachments.reduce(text.count) { $0 + Base64.encodedCount($1.count) + opening.count })
        var waiting: [[UInt8]?] = attachments
        var missing = attachments.count
        var copied = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.leftBrace:
                guard let (number, end) = placeholder(bytes, at: index) else {
                    index += 1
                    continue
                }
                guard let number, waiting.indices.contains(number), let attachment = waiting[number] else {
                    throw .invalidPlaceholder
                }
                waiting[number] = nil
                missing -= 1
                output += text[copied..<index]
                output += opening
                Base64.append(attachment.span, to: &output)
                output += [ASCII.quote, ASCII.rightBrace]
                index = end
                copied = end
            case ASCII.quote:
                guard let end = JSONScanner.endOfString(bytes, from: index) else { throw .invalidPayload }
                guard !isFlag(bytes, index..<end) else { throw .invalidPlaceholder }
                index = end
            default: index += 1
            }
        }
        guard missing == 0 else { throw .invalidPlaceholder }
        output += text[copied...]
        return String(decoding: output, as: UTF8.self)
    }

    /// Takes out the objects that are exactly `{"$binary":"<Base64>"}`, each for a placeholder.
    ///
    /// Nil where there are none, or the text is not one JSON value. Also nil where the text has `_placeholder`
    /// with the value true itself: a client would take that for one of ours, so that any client could hand
    /// others the wrong octets, or have their connections closed. The name is looked for as it stands here,
    /// without escapes.
    public static func extracted(json: String) -> (json: String, attachments: [[UInt8]])? {
        guard holdsMarker(json.utf8.span) else { return nil }
        let text = Array(json.utf8)
        let bytes = text.span
        guard isValue(bytes) else { return nil }
        var output: [UInt8] = []
        var attachments: [[UInt8]] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.leftBrace:
                guard let (attachment, end) = binary(bytes, at: index) else {
                    index += 1
                    continue
                }
                output += text[copied..<index]
                output += "{\"_placeholder\":true,\"num\":\(attachments.count)}".utf8
                attachments.append(attachment)
                index = end
                copied = end
            case ASCII.quote:
                guard let end = JSONScanner.endOfString(bytes, from: index), !isFlag(bytes, index..<end)
                else { return nil }
                index = end
            default: index += 1
            }
        }
        guard !attachments.isEmpty else { return nil }
        output += text[copied...]
        return (json: String(decoding: output, as: UTF8.self), attachments: attachments)
    }

    /// Whether a JSON text is just octets, `{"$binary":"<Base64>"}`.
    public static func isOctets(_ json: String) -> Bool {
        let bytes = json.utf8.span
        guard holdsMarker(bytes) else { return false }
        let start = JSONScanner.skipSpace(bytes, 0)
        guard JSONScanner.isByte(bytes, start, ASCII.leftBrace), let (_, end) = binary(bytes, at: start)
        else {
            return false
        }
        return JSONScanner.skipSpace(bytes, end) == bytes.count
    }

    /// How many octets a JSON text has with each `{"$binary":"<Base64>"}` counted as the octets that it stands for: what
    /// arrived, where they came as attachments. Base64 makes four of three.
    public static func octetCount(of json: [UInt8]) -> Int {
        let bytes = json.span
        guard holdsMarker(bytes), isValue(bytes) else { return json.count }
        var count = json.count
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.leftBrace:
                guard let (content, end) = binaryContent(bytes, at: index) else {
                    index += 1
                    continue
                }
                count -= (end - index) - content.count / 4 * 3
                for digit in content.suffix(2) where bytes[digit] == ASCII.equals { count -= 1 }
                index = end
            case ASCII.quote: index = JSONScanner.endOfString(bytes, from: index) ?? bytes.count
            default: index += 1
            }
        }
        return count
    }

    /// Behind this check a brace outside of a string opens an object, and a string ends.
    private static func isValue(_ bytes: Span<UInt8>, depthLimit: Int = JSONScanner.depthLimit) -> Bool {
        let start = JSONScanner.skipSpace(bytes, 0)
        guard let end = JSONScanner.endOfValue(bytes, from: start, depth: 0, limit: depthLimit) else {
            return false
        }
        return JSONScanner.skipSpace(bytes, end) == bytes.count
    }

    /// Nearly no text has a dollar sign behind a quote, so that the rest of the marker is seldom looked at.
    private static func holdsMarker(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= marker.count else { return false }
        var index = 1
        let last = bytes.count - marker.count + 1
        while index <= last {
            if bytes[index] == ASCII.dollar, isLiteral(bytes, at: index - 1, marker) { return true }
            index += 1
        }
        return false
    }

    private static func isLiteral(_ bytes: Span<UInt8>, at start: Int, _ literal: [UInt8]) -> Bool {
        guard bytes.count - start >= literal.count else { return false }
        for offset in literal.indices where bytes[start + offset] != literal[offset] { return false }
        return true
    }

    /// Whether a string, its quotes included, is this literal, escapes or not.
    private static func isName(_ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: [UInt8]) -> Bool {
        if range.count == literal.count { return isLiteral(bytes, at: range.lowerBound, literal) }
        // An escape takes up to six octets for one.
        guard range.count > literal.count, range.count <= 6 * literal.count,
            let text = bytes.utf8Text(range).flatMap({ JSONScanner.string(of: $0) })
        else { return false }
        return text.utf8.elementsEqual(literal.dropFirst().dropLast())
    }

    /// Whether a string is the name of a member `_placeholder` that is true.
    private static func isFlag(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard isName(bytes, range, placeholderName) else { return false }
        let colon = JSONScanner.skipSpace(bytes, range.upperBound)
        guard JSONScanner.isByte(bytes, colon, ASCII.colon) else { return false }
        return JSONScanner.endOfLiteral(bytes, from: JSONScanner.skipSpace(bytes, colon + 1), "true") != nil
    }

    /// The placeholder that the object at `start` is, its members in any order: the number, nil where it is
    /// none to count with, and where the object ends.
    private static func placeholder(_ bytes: Span<UInt8>, at start: Int) -> (number: Int?, end: Int)? {
        guard let first = member(bytes, from: JSONScanner.skipSpace(bytes, start + 1)) else { return nil }
        let isFlagFirst = isName(bytes, first.name, placeholderName)
        guard isFlagFirst || isName(bytes, first.name, numberName) else { return nil }
        let comma = JSONScanner.skipSpace(bytes, first.value.upperBound)
        guard JSONScanner.isByte(bytes, comma, ASCII.comma),
            let second = member(bytes, from: JSONScanner.skipSpace(bytes, comma + 1))
        else { return nil }
        let (flag, number) = isFlagFirst ? (first, second) : (second, first)
        let end = JSONScanner.skipSpace(bytes, second.value.upperBound)
        guard isFlag(bytes, flag.name), isName(bytes, number.name, numberName),
            JSONScanner.isByte(bytes, end, ASCII.rightBrace)
        else { return nil }
        return (number: self.number(bytes, number.value), end: end + 1)
    }

    /// A member whose value is no array or object.
    private static func member(
        _ bytes: Span<UInt8>, from start: Int
    ) -> (name: Range<Int>, value: Range<Int>)? {
        guard let endOfName = JSONScanner.endOfString(bytes, from: start) else { return nil }
        let colon = JSONScanner.skipSpace(bytes, endOfName)
        guard JSONScanner.isByte(bytes, colon, ASCII.colon) else { return nil }
        let value = JSONScanner.skipSpace(bytes, colon + 1)
        guard value < bytes.count, let end = JSONScanner.endOfScalar(bytes, from: value) else { return nil }
        return (name: start..<endOfName, value: value..<end)
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard range.count <= 6 else { return nil }
        var number = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            number = number * 10 + Int(bytes[index] - ASCII.zero)
        }
        return number
    }

    /// The octets that the object at `start` stands for, and where it ends.
    private static func binary(_ bytes: Span<UInt8>, at start: Int) -> (attachment: [UInt8], end: Int)? {
        guard let (content, end) = binaryContent(bytes, at: start) else { return nil }
        if let attachment = Base64.decode(bytes, content) { return (attachment: attachment, end: end) }
        // Many encoders write the digit `/` as `\/`.
        guard let literal = bytes.utf8Text((content.lowerBound - 1)..<(content.upperBound + 1)),
            literal.utf8.contains(ASCII.backslash),
            let attachment = JSONScanner.string(of: literal).flatMap({ Base64.decode($0) })
        else { return nil }
        return (attachment: attachment, end: end)
    }

    /// What stands between the quotes of the object at `start`, where it is one of octets by its form, and where the
    /// object ends.
    private static func binaryContent(
        _ bytes: Span<UInt8>, at start: Int
    ) -> (content: Range<Int>, end: Int)? {
        let name = JSONScanner.skipSpace(bytes, start + 1)
        guard isLiteral(bytes, at: name, marker), let member = member(bytes, from: name),
            bytes[member.value.lowerBound] == ASCII.quote
        else { return nil }
        let end = JSONScanner.skipSpace(bytes, member.value.upperBound)
        guard JSONScanner.isByte(bytes, end, ASCII.rightBrace) else { return nil }
        return (content: (member.value.lowerBound + 1)..<(member.value.upperBound - 1), end: end + 1)
    }
}
