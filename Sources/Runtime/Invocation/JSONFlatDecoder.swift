internal import Wire

/// Decodes what most inputs are: one object whose members are plain texts, `true`, `false`, `null` and small whole
/// numbers. Foundation's `JSONDecoder` maps any document first, and takes ten times as long for these.
///
/// It only ever says yes: for every other text, every other shape and every error there is nil, and `JSON.decode` asks
/// Foundation, whose answer counts. So it need not be complete to be right.
struct JSONFlatDecoder: Decoder {
    fileprivate enum Value {
        case text(String)
        case boolean(Bool)
        case integer(Int)
        case null
    }

    /// Set where something was asked for that is not here: also a type that goes on without it must not be believed.
    private final class Doubt {
        struct Unusual: Error {}
        var isRaised = false

        func raised() -> Unusual {
            isRaised = true
            return Unusual()
        }
    }

    private static let maximumMembers = 16

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private let members: [(name: String, value: Value)]
    private let doubt = Doubt()

    /// The value, or nil where Foundation must be asked.
    static func decode<T: Decodable>(_ type: T.Type, from data: [UInt8]) -> T? {
        guard let members = members(of: data.span) else { return nil }
        let decoder = JSONFlatDecoder(members: members)
        guard let value = try? T(from: decoder), !decoder.doubt.isRaised else { return nil }
        return value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members<Key>(members: members, doubt: doubt))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw doubt.raised() }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw doubt.raised() }

    // MARK: The text (RFC 8259)

    private static func members(of text: Span<UInt8>) -> [(name: String, value: Value)]? {
        var members: [(name: String, value: Value)] = []
        members.reserveCapacity(4)
        var index = 0
        guard skip("{", in: text, at: &index) else { return nil }
        if !skip("}", in: text, at: &index) {
            repeat {
                skipBlanks(text, &index)
                guard members.count < maximumMembers, let name = string(text, &index),
                    !members.contains(where: { $0.name == name }), skip(":", in: text, at: &index),
                    let value = value(text, &index)
                else { return nil }
                members.append((name, value))
            } while skip(",", in: text, at: &index)
            guard skip("}", in: text, at: &index) else { return nil }
        }
        skipBlanks(text, &index)
        return index == text.count ? members : nil
    }

    private static func skipBlanks(_ text: Span<UInt8>, _ index: inout Int) {
        while index < text.count {
            switch text[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    /// Whether this character comes next; if so, it is behind `index` then.
    private static func skip(_ character: Unicode.Scalar, in text: Span<UInt8>, at index: inout Int) -> Bool {
        skipBlanks(text, &index)
        guard index < text.count, text[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    /// A string without escapes.
    private static func string(_ text: Span<UInt8>, _ index: inout Int) -> String? {
        guard index < text.count, text[index] == UInt8(ascii: "\"") else { return nil }
        let start = index + 1
        var end = start
        while end < text.count, text[end] != UInt8(ascii: "\"") {
            guard text[end] >= 0x20, text[end] != UInt8(ascii: "\\") else { return nil }
            end += 1
        }
        guard end < text.count, let valid = try? UTF8Span(validating: text.extracting(start..<end)) else {
            return nil
        }
        index = end + 1
        return String(copying: valid)
    }

    private static func value(_ text: Span<UInt8>, _ index: inout Int) -> Value? {
        skipBlanks(text, &index)
        guard index < text.count else { return nil }
        switch text[index] {
        case UInt8(ascii: "\""): return string(text, &index).map { .text($0) }
        case UInt8(ascii: "t"): return skip(word: "true", text, &index) ? .boolean(true) : nil
        case UInt8(ascii: "f"): return skip(word: "false", text, &index) ? .boolean(false) : nil
        case UInt8(ascii: "n"): return skip(word: "null", text, &index) ? .null : nil
        case UInt8(ascii: "1")...UInt8(ascii: "9"): return integer(text, &index)
        default: return nil
        }
    }

    private static func skip(word: StaticString, _ text: Span<UInt8>, _ index: inout Int) -> Bool {
        let letters = word.description.utf8
        guard text.count - index >= letters.count else { return false }
        for (offset, letter) in letters.enumerated() where text[index + offset] != letter { return false }
        index += letters.count
        return true
    }

    /// At most 15 digits, so that it fits every number. What else a number may have ends it here, and the object with it.
    private static func integer(_ text: Span<UInt8>, _ index: inout Int) -> Value? {
        var number = 0
        let start = index
        while index < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) {
            guard index - start < 15 else { return nil }
            number = number * 10 + Int(text[index] - UInt8(ascii: "0"))
            index += 1
        }
        return .integer(number)
    }

    // MARK: The members

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [(name: String, value: Value)]
        let doubt: Doubt
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

        private func value(_ key: Key) -> Value? {
            let name = key.stringValue
            return members.first { $0.name == name }?.value
        }

        private func integer<T: FixedWidthInteger>(_ key: Key) throws -> T {
            guard case .integer(let number) = value(key), let fitting = T(exactly: number) else {
                throw doubt.raised()
            }
            return fitting
        }

        func contains(_ key: Key) -> Bool { value(key) != nil }

        func decodeNil(forKey key: Key) throws -> Bool {
            guard let value = value(key) else { throw doubt.raised() }
            if case .null = value { return true }
            return false
        }

        func decode(_ type: String.Type, forKey key: Key) throws -> String {
            guard case .text(let text) = value(key) else { throw doubt.raised() }
            return text
        }

        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
            guard case .boolean(let flag) = value(key) else { throw doubt.raised() }
            return flag
        }

        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try integer(key) }
        func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try integer(key) }
        func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try integer(key) }
        func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try integer(key) }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try integer(key) }
        func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try integer(key) }
        func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(key) }
        func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(key) }
        func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(key) }
        func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(key) }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { throw doubt.raised() }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { throw doubt.raised() }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { throw doubt.raised() }

        func nestedContainer<N: CodingKey>(
            keyedBy type: N.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<N> { throw doubt.raised() }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw doubt.raised()
        }

        func superDecoder() throws -> any Decoder { throw doubt.raised() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw doubt.raised() }
    }
}
