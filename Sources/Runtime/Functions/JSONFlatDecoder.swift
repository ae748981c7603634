internal import Base

/// Decodes what most inputs are: one object whose members are plain texts, `true`, `false`, `null` and small whole
/// numbers. Foundation's `JSONDecoder` maps any document first, and takes ten times as long for these.
///
/// It only ever says yes: for every other text, every other shape and every error there is nil, and `JSON.decode` asks
/// Foundation, whose answer counts. So it need not be complete to be right.
final class JSONFlatDecoder: Decoder {
    struct Unusual: Error {}

    private static let maximumMembers = 16

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    /// UTF-8, without a backslash: so names and texts are what stands between their quotes.
    private let data: [UInt8]
    private let members: [(name: Range<Int>, value: Range<Int>)]
    /// Set where something was asked for that is not here: also a type that goes on without it must not be believed.
    private var isDoubtful = false

    private init(_ data: [UInt8], _ members: [(name: Range<Int>, value: Range<Int>)]) {
        (self.data, self.members) = (data, members)
    }

    /// The value, or nil where Foundation must be asked.
    static func decode<T: Decodable>(_ type: T.Type, from data: [UInt8]) -> T? {
        let bytes = data.span
        guard !bytes.contains(UInt8(ascii: "\\")),
            let members = JSONScanner.memberRanges(of: bytes), members.count <= maximumMembers,
            isPlain(members, bytes), (try? UTF8Span(validating: bytes)) != nil
        else { return nil }
        let decoder = JSONFlatDecoder(data, members)
        guard let value = try? T(from: decoder), !decoder.isDoubtful else { return nil }
        return value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw doubt() }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw doubt() }

    private func doubt() -> Unusual {
        isDoubtful = true
        return Unusual()
    }

    // MARK: The text

    /// Whether no name stands there twice and every value is one of those that are read here. Names that are not ASCII
    /// may be equal though their bytes differ, so they are left to others.
    private static func isPlain(
        _ members: [(name: Range<Int>, value: Range<Int>)], _ bytes: Span<UInt8>
    ) -> Bool {
        for (index, member) in members.enumerated() {
            for index in member.name where bytes[index] >= 0x80 { return false }
            for other in members[..<index] where isEqual(bytes, other.name, bytes, member.name) {
                return false
            }
            switch bytes[member.value.lowerBound] {
            case UInt8(ascii: "\""), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): break
            default:
                // So few digits fit every number.
                guard member.value.count <= 15 else { return false }
                for index in member.value where !(0x30...0x39).contains(bytes[index]) { return false }
            }
        }
        return true
    }

    private static func isEqual(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> Bool {
        guard leftRange.count == rightRange.count else { return false }
        for (index, other) in zip(leftRange, rightRange) where left[index] != right[other] { return false }
        return true
    }

    /// The place of a member's value.
    private func value(_ name: String) -> Range<Int>? {
        let data = data
        let bytes = data.span
        let wanted = name.utf8.span
        for member in members {
            let inner = member.name.dropFirst().dropLast()
            if Self.isEqual(bytes, inner, wanted, wanted.indices) { return member.value }
        }
        return nil
    }

    // MARK: The members

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: JSONFlatDecoder
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] {
            decoder.members.compactMap { member in
                let inner = member.name.dropFirst().dropLast()
                return Key(stringValue: String(decoding: decoder.data[inner], as: UTF8.self))
            }
        }

        private func member(_ key: Key) throws -> Scalar {
            guard let value = decoder.value(key.stringValue) else { throw decoder.doubt() }
            return Scalar(decoder: decoder, value: value)
        }

        func contains(_ key: Key) -> Bool { decoder.value(key.stringValue) != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try member(key).decodeNil() }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).decode(type) }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).decode(type) }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { throw decoder.doubt() }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { throw decoder.doubt() }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).integer() }
        func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try member(key).integer() }
        func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try member(key).integer() }
        func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try member(key).integer() }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).integer() }
        func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try member(key).integer() }
        func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try member(key).integer() }
        func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try member(key).integer() }
        func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try member(key).integer() }
        func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try member(key).integer() }

        /// A type that is one of these values, such as an enumeration of texts.
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            guard !JSON.foundations.contains(ObjectIdentifier(type)) else { throw decoder.doubt() }
            return try T(from: try member(key))
        }

        func nestedContainer<N: CodingKey>(
            keyedBy type: N.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<N> { throw decoder.doubt() }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw decoder.doubt()
        }

        func superDecoder() throws -> any Decoder { throw decoder.doubt() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw decoder.doubt() }
    }

    // MARK: One value

    private struct Scalar: Decoder, SingleValueDecodingContainer {
        let decoder: JSONFlatDecoder
        let value: Range<Int>
        var codingPath: [any CodingKey] { [] }
        var userInfo: [CodingUserInfoKey: Any] { [:] }

        /// Its first byte.
        private var kind: UInt8 { decoder.data[value.lowerBound] }

        func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
            throw decoder.doubt()
        }
        func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw decoder.doubt() }
        func singleValueContainer() -> any SingleValueDecodingContainer { self }

        /// The number of digits alone.
        func integer<T: FixedWidthInteger>() throws -> T {
            guard (0x30...0x39).contains(kind),
                let fitting = T(exactly: decoder.data[value].reduce(0) { $0 * 10 + Int($1 - 0x30) })
            else { throw decoder.doubt() }
            return fitting
        }

        func decodeNil() -> Bool { kind == UInt8(ascii: "n") }

        func decode(_ type: Bool.Type) throws -> Bool {
            switch kind {
            case UInt8(ascii: "t"): true
            case UInt8(ascii: "f"): false
            default: throw decoder.doubt()
            }
        }

        /// What stands between the quotes.
        func decode(_ type: String.Type) throws -> String {
            guard kind == UInt8(ascii: "\"") else { throw decoder.doubt() }
            return String(decoding: decoder.data[value.dropFirst().dropLast()], as: UTF8.self)
        }

        func decode(_ type: Double.Type) throws -> Double { throw decoder.doubt() }
        func decode(_ type: Float.Type) throws -> Float { throw decoder.doubt() }
        func decode(_ type: Int.Type) throws -> Int { try integer() }
        func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
        func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
        func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
        func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
        func decode(_ type: UInt.Type) throws -> UInt { try integer() }
        func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
        func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
        func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
        func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { throw decoder.doubt() }
    }
}
