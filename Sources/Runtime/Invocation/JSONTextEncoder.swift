internal import FoundationEssentials
internal import Wire

/// Encodes values as JSON text straight into one buffer, the members of an object sorted by name: the bytes that
/// Foundation's `JSONEncoder` gives with `.sortedKeys` and `.withoutEscapingSlashes`, at a fraction of its time, for
/// it builds a tree of dictionaries first. Every action of a player encodes four values.
///
/// What does not stream - nested containers, super encoders, numbers but for the common kinds, and the types that
/// `JSONEncoder` treats in its own way - throws `Unstreamable`; `JSON.encode` then leaves the value to Foundation.
final class JSONTextEncoder: Encoder {
    struct Unstreamable: Error {}

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    private(set) var text: [UInt8] = []
    /// Objects and arrays that are open, innermost last; one entry, perhaps still `nothing`, for each value under way.
    private var open: [Open] = []
    /// Where each member of the open objects begins (at its name), with the name; the innermost object's last.
    private var members: [(name: String, start: Int)] = []

    private enum Shape { case nothing, object, array, single }

    private struct Open {
        var shape = Shape.nothing
        var isSorted = true
        /// Its members or elements so far.
        var count = 0
    }

    private var isUnstreamable = false

    /// The text of a value.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONTextEncoder()
        // Room for what is usual, so that nothing is moved on the way.
        encoder.text.reserveCapacity(384)
        encoder.open.reserveCapacity(4)
        encoder.members.reserveCapacity(12)
        try encoder.append(value)
        guard !encoder.isUnstreamable else { throw Unstreamable() }
        return String(decoding: encoder.text, as: UTF8.self)
    }

    // MARK: Encoder

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        begin(.object)
        return KeyedEncodingContainer(Members<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        begin(.array)
        return Elements(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        begin(.single)
        return Single(encoder: self)
    }

    // MARK: Values

    fileprivate func append<T: Encodable>(_ value: T) throws {
        if T.self == String.self, let value = value as? String { return append(value) }
        guard !Self.foundations.contains(ObjectIdentifier(T.self)), open.count < 64 else {
            throw Unstreamable()
        }
        open.append(Open())
        try value.encode(to: self)
        end()
    }

    /// Types that would encode themselves otherwise than `JSONEncoder` encodes them, or by way of themselves.
    private static let foundations: Set<ObjectIdentifier> = [
        ObjectIdentifier(Date.self), ObjectIdentifier(Data.self), ObjectIdentifier(URL.self),
        ObjectIdentifier(Decimal.self), ObjectIdentifier(Int8.self), ObjectIdentifier(Int16.self),
        ObjectIdentifier(Int32.self), ObjectIdentifier(Int128.self), ObjectIdentifier(UInt8.self),
        ObjectIdentifier(UInt16.self), ObjectIdentifier(UInt32.self), ObjectIdentifier(UInt64.self),
        ObjectIdentifier(UInt.self), ObjectIdentifier(UInt128.self), ObjectIdentifier(Float.self),
    ]

    /// Takes what does not stream; the text is dropped.
    fileprivate func refuse() -> JSONTextEncoder {
        isUnstreamable = true
        let scratch = JSONTextEncoder()
        scratch.open.append(Open())
        return scratch
    }

    fileprivate func append(_ value: String) { JSONScanner.appendQuoted(value, to: &text) }

    fileprivate func append(literal: String) { text.append(utf8: literal) }

    fileprivate func append(number: Double) throws {
        guard number.isFinite else { throw Unstreamable() }
        append(
            literal: number == number.rounded() && number.magnitude < 1e15
                ? String(Int64(number)) : "\(number)")
    }

    /// The name and colon of an object's next member.
    fileprivate func beginMember(_ name: String) {
        let index = open.count - 1
        if open[index].count > 0 {
            if let last = members.last, !(last.name < name) { open[index].isSorted = false }
            text.append(UInt8(ascii: ","))
        }
        members.append((name, text.count))
        open[index].count += 1
        append(name)
        text.append(UInt8(ascii: ":"))
    }

    /// The comma before an array's next element.
    fileprivate func beginElement() {
        let index = open.count - 1
        if open[index].count > 0 { text.append(UInt8(ascii: ",")) }
        open[index].count += 1
    }

    fileprivate var count: Int { open.last?.count ?? 0 }

    private func begin(_ shape: Shape) {
        // A value may ask for its container more than once.
        guard let index = open.indices.last, open[index].shape == .nothing else { return }
        open[index].shape = shape
        if shape == .object { text.append(UInt8(ascii: "{")) }
        if shape == .array { text.append(UInt8(ascii: "[")) }
    }

    private func end() {
        guard let ended = open.popLast() else { return }
        switch ended.shape {
        // A value that encodes nothing is an empty object, as for JSONEncoder.
        case .nothing: append(literal: "{}")
        case .object:
            if !ended.isSorted { sort(members.suffix(ended.count)) }
            members.removeLast(ended.count)
            text.append(UInt8(ascii: "}"))
        case .array: text.append(UInt8(ascii: "]"))
        case .single: break
        }
    }

    private func sort(_ members: ArraySlice<(name: String, start: Int)>) {
        guard let first = members.first?.start else { return }
        var parts: [(name: String, text: ArraySlice<UInt8>)] = []
        for (index, member) in zip(members.indices, members) {
            let end = index + 1 < members.endIndex ? members[index + 1].start - 1 : text.count
            parts.append((member.name, text[member.start..<end]))
        }
        parts.sort { $0.name < $1.name }
        let sorted = Array(parts.map(\.text).joined(separator: [UInt8(ascii: ",")]))
        text.replaceSubrange(first..., with: sorted)
    }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONTextEncoder
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {
        encoder.beginMember(key.stringValue)
        encoder.append(literal: "null")
    }
    func encode(_ value: Bool, forKey key: Key) {
        encoder.beginMember(key.stringValue)
        encoder.append(literal: value ? "true" : "false")
    }
    func encode(_ value: String, forKey key: Key) {
        encoder.beginMember(key.stringValue)
        encoder.append(value)
    }
    func encode(_ value: Double, forKey key: Key) throws {
        encoder.beginMember(key.stringValue)
        try encoder.append(number: value)
    }
    func encode(_ value: Int, forKey key: Key) {
        encoder.beginMember(key.stringValue)
        encoder.append(literal: String(value))
    }
    func encode(_ value: Int64, forKey key: Key) {
        encoder.beginMember(key.stringValue)
        encoder.append(literal: String(value))
    }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        encoder.beginMember(key.stringValue)
        try encoder.append(value)
    }
    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> {
        encoder.refuse().container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.refuse().unkeyedContainer()
    }
    func superEncoder() -> any Encoder { encoder.refuse() }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.refuse() }
}

private struct Elements: UnkeyedEncodingContainer {
    let encoder: JSONTextEncoder
    var codingPath: [any CodingKey] { [] }
    var count: Int { encoder.count }

    func encodeNil() {
        encoder.beginElement()
        encoder.append(literal: "null")
    }
    func encode(_ value: Bool) {
        encoder.beginElement()
        encoder.append(literal: value ? "true" : "false")
    }
    func encode(_ value: Double) throws {
        encoder.beginElement()
        try encoder.append(number: value)
    }
    func encode(_ value: Int) {
        encoder.beginElement()
        encoder.append(literal: String(value))
    }
    func encode(_ value: Int64) {
        encoder.beginElement()
        encoder.append(literal: String(value))
    }
    func encode<T: Encodable>(_ value: T) throws {
        encoder.beginElement()
        try encoder.append(value)
    }
    func nestedContainer<N: CodingKey>(keyedBy type: N.Type) -> KeyedEncodingContainer<N> {
        encoder.refuse().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.refuse().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.refuse() }
}

private struct Single: SingleValueEncodingContainer {
    let encoder: JSONTextEncoder
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { encoder.append(literal: "null") }
    func encode(_ value: Bool) { encoder.append(literal: value ? "true" : "false") }
    func encode(_ value: String) { encoder.append(value) }
    func encode(_ value: Double) throws { try encoder.append(number: value) }
    func encode(_ value: Int) { encoder.append(literal: String(value)) }
    func encode(_ value: Int64) { encoder.append(literal: String(value)) }
    func encode<T: Encodable>(_ value: T) throws { try encoder.append(value) }
}
