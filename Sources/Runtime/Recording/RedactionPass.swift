internal import Base
internal import Functions

/// Takes the secrets out of one JSON text, at any depth: whoever sent it may have nested it as they like.
///
/// What is wrong with the text is kept, so that a replay refuses it for the same reason: names that stand there twice,
/// half of a surrogate pair, too many levels. Blanks are not.
struct RedactionPass {
    /// The text without its secrets, once `run` has been through it.
    private(set) var output: [UInt8] = []
    /// Whether anything was left out.
    private(set) var isChanged = false

    private let redaction: Redaction
    private let bytes: [UInt8]
    /// What closes the arrays and objects that are open.
    private var closers: [UInt8] = []
    /// The name of the member whose value comes next.
    private var name = ""
    private var isSecret = false

    init(_ json: String, _ redaction: Redaction) {
        self.redaction = redaction
        bytes = Array(json.utf8)
        output.reserveCapacity(bytes.count)
    }

    private static let (leftBracket, rightBracket) = (UInt8(ascii: "["), UInt8(ascii: "]"))
    private static let (leftBrace, rightBrace) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
    private static let quote = UInt8(ascii: "\"")

    /// Goes through the text; whether it is one JSON value.
    mutating func run() -> Bool {
        var index = skip(0)
        while true {
            guard let end = value(at: index) else { return false }
            // Within an array or object that has just been opened.
            if !isComplete {
                index = end
                continue
            }
            guard let next = behindValue(end) else { return false }
            if closers.isEmpty { return next == bytes.count }
            index = next
        }
    }

    /// Whether the last value has ended, and was not the beginning of an array or object.
    private var isComplete = true

    /// Copies a value, or the beginning of one; what follows.
    private mutating func value(at index: Int) -> Int? {
        guard index < bytes.count else { return nil }
        isComplete = true
        if isSecret {
            isSecret = false
            guard let end = JSONScanner.endOfValue(bytes.span, from: index, depth: 0, limit: .max) else {
                return nil
            }
            copySecret(index..<end)
            return end
        }
        let byte = bytes[index]
        guard byte == Self.leftBracket || byte == Self.leftBrace else {
            guard let end = JSONScanner.endOfScalar(bytes.span, from: index) else { return nil }
            byte == Self.quote ? copyText(index..<end) : output.append(contentsOf: bytes[index..<end])
            return end
        }
        name = ""
        output.append(byte)
        let closer = byte == Self.leftBrace ? Self.rightBrace : Self.rightBracket
        let start = skip(index + 1)
        if JSONScanner.isByte(bytes.span, start, closer) {
            output.append(closer)
            return start + 1
        }
        closers.append(closer)
        isComplete = false
        return closer == Self.rightBrace ? memberName(at: start) : start
    }

    /// Closes what ends behind a value; where the next value starts, or the end of all.
    private mutating func behindValue(_ start: Int) -> Int? {
        var index = skip(start)
        while let closer = closers.last {
            if JSONScanner.isByte(bytes.span, index, closer) {
                output.append(closer)
                closers.removeLast()
                index = skip(index + 1)
                continue
            }
            guard JSONScanner.isByte(bytes.span, index, UInt8(ascii: ",")) else { return nil }
            output.append(UInt8(ascii: ","))
            name = ""
            index = skip(index + 1)
            return closer == Self.rightBrace ? memberName(at: index) : index
        }
        return index
    }

    /// Copies a name and its colon; where the value starts.
    private mutating func memberName(at start: Int) -> Int? {
        guard let end = JSONScanner.endOfString(bytes.span, from: start) else { return nil }
        let colon = skip(end)
        guard JSONScanner.isByte(bytes.span, colon, UInt8(ascii: ":")) else { return nil }
        let index = skip(colon + 1)
        let literal = Literal(bytes[start..<end])
        name = literal.text
        copy(literal, redaction.withoutTokens(name))
        output.append(UInt8(ascii: ":"))
        // Null says that there is nothing.
        isSecret = redaction.leavesOut(name) && !bytes[index...].starts(with: "null".utf8)
        return index
    }

    private mutating func copyText(_ range: Range<Int>) {
        let literal = Literal(bytes[range])
        let plain =
            name == Binary.member
            ? redaction.withoutTokens(base64: literal.text) ?? redaction.withoutTokens(literal.text)
            : redaction.withoutTokens(literal.text)
        copy(literal, plain)
    }

    private mutating func copySecret(_ range: Range<Int>) {
        isChanged = true
        let isHalved = bytes[range.lowerBound] == Self.quote && Literal(bytes[range]).isHalved
        append(RecordingFormat.redacted, isHalved: isHalved)
    }

    private mutating func copy(_ literal: Literal, _ plain: String) {
        guard !plain.utf8.elementsEqual(literal.text.utf8) else {
            return output.append(contentsOf: literal.bytes)
        }
        isChanged = true
        append(plain, isHalved: literal.isHalved)
    }

    /// A text; with half of a surrogate pair where there was one.
    private mutating func append(_ text: String, isHalved: Bool) {
        JSONScanner.appendQuoted(text, to: &output)
        guard isHalved else { return }
        output.removeLast()
        output.append(contentsOf: #"\ud800""#.utf8)
    }

    private func skip(_ index: Int) -> Int { JSONScanner.skipSpace(bytes.span, index) }
}

/// A JSON string, its quotes included, and what it says.
private struct Literal {
    let bytes: ArraySlice<UInt8>
    let text: String
    /// Whether half of a surrogate pair stands in it, for which the text has U+FFFD.
    let isHalved: Bool

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        let literal = String(decoding: bytes, as: UTF8.self)
        if let text = JSONScanner.string(of: literal) {
            (self.text, isHalved) = (text, false)
        } else {
            (text, isHalved) = (JSONScanner.string(of: Self.mended(bytes)) ?? "", true)
        }
    }

    /// The literal with U+FFFD in place of each half (RFC 8259 section 8.2).
    private static func mended(_ bytes: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.first {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                rest.removeFirst()
                continue
            }
            guard let unit = unit(rest) else {
                result.append(contentsOf: rest.prefix(2))
                rest = rest.dropFirst(2)
                continue
            }
            let isPair = unit & 0xFC00 == 0xD800 && Self.unit(rest.dropFirst(6)).map { $0 & 0xFC00 } == 0xDC00
            let length = isPair ? 12 : 6
            let isHalf = !isPair && unit & 0xF800 == 0xD800
            result.append(contentsOf: isHalf ? Array(#"\ufffd"#.utf8)[...] : rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The code unit of an escape `\uXXXX` at the start.
    private static func unit(_ bytes: ArraySlice<UInt8>) -> UInt16? {
        guard bytes.count >= 6, bytes.starts(with: #"\u"#.utf8) else { return nil }
        return UInt16(String(decoding: bytes.dropFirst(2).prefix(4), as: UTF8.self), radix: 16)
    }
}
