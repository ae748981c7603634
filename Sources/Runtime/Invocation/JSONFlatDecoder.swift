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
        guard let members = members(of: data) else { return nil }
        let decoder = JSONFlatDecoder(members: members)
        guard let value = try? T(from: decoder), !decoder.doubt.isRaised else { return nil }
        return value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members<Key>(members: members, doubt: doubt))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw doubt.raised() }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw doubt.raised() }

    // MARK: The text

    private static func members(of data: [UInt8]) -> [(name: String, value: Value)]? {
        guard let text = String(validating: data, as: UTF8.self), let found = JSONScanner.members(of: text),
            found.count <= maximumMembers
        else { return nil }
        var members: [(name: String, value: Value)] = []
        members.reserveCapacity(found.count)
        for (name, literal) in found {
            guard !members.contains(where: { $0.name == name }), let value = value(literal) else {
                return nil
            }
            members.append((name, value))
        }
        return members
    }

    private static func value(_ literal: String) -> Value? {
        switch literal.utf8.first {
        case UInt8(ascii: "t"): return .boolean(true)
        case UInt8(ascii: "f"): return .boolean(false)
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "\""):
            // A text without escapes is what stands between the quotes.
            guard !literal.utf8.contains(UInt8(ascii: "\\")) else { return nil }
            return .text(String(Substring(literal.utf8.dropFirst().dropLast())))
        default:
            // So few digits fit every number.
            guard literal.utf8.count <= 15, literal.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return Int(literal).map { .integer($0) }
        }
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
