internal import Base
internal import FoundationEssentials
internal import Synchronization

/// Encodes values as JSON text straight into one buffer, the members of an object sorted by name: the bytes that
/// Foundation's `JSONEncoder` gives with `.sortedKeys` and `.withoutEscapingSlashes`, at a fraction of its time, for
/// it builds a tree of dictionaries first. An invocation encodes several values.
///
/// What does not stream - nested containers, super encoders, numbers but for the common kinds, and the types that
/// `JSONEncoder` treats in its own way - throws `Unstreamable`; `JSON.encode` then leaves the value to Foundation.
final class JSONTextEncoder: Encoder {
    struct Unstreamable: Error {}

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    /// What an encoder writes in.
    private struct Room: Sendable {
        var text: [UInt8] = []
        /// Objects and arrays that are open, innermost last; one entry, perhaps still `nothing`, for each value under
        /// way.
        var open: [Open] = []
        /// Where each member of the open objects begins (at its name), with the name; the innermost object's last.
        var members: [(name: String, start: Int)] = []
    }

    private var room: Room

    private init(_ room: Room) { self.room = room }

    private enum Shape { case nothing, object, array, single }

    private struct Open {
        var shape = Shape.nothing
        var isSorted = true
        /// Its members or elements so far.
        var count = 0
    }

    private var isUnstreamable = false

    /// Room that earlier values have left: to make it anew takes longer than to encode.
    private static let spare = Mutex<[Room]>([])
    private static let maximumSpare = 4
    /// Beyond this many bytes of text it is given back.
    private static let retainedBytes = 16_384

    /// The text of a value.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONTextEncoder(spare.withLock { $0.popLast() } ?? Room())
        try encoder.append(value)
        guard !encoder.isUnstreamable else { throw Unstreamable() }
        let text = String(decoding: encoder.room.text, as: UTF8.self)
        encoder.giveBack()
        return text
    }

    private func giveBack() {
        var left = Room()
        swap(&left, &room)
        guard left.text.capacity <= Self.retainedBytes else { return }
        left.text.removeAll(keepingCapacity: true)
        Self.spare.withLock { [left] in if $0.count < Self.maximumSpare { $0.append(left) } }
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
        guard !JSON.foundations.contains(ObjectIdentifier(T.self)), room.open.count < 64 else {
            throw Unstreamable()
        }
        room.open.append(Open())
        try value.encode(to: self)
        end()
    }

    /// Takes what does not stream; the text is dropped.
    fileprivate func refuse() -> JSONTextEncoder {
        isUnstreamable = true
        let scratch = JSONTextEncoder(Room())
        scratch.room.open.append(Open())
        return scratch
    }

    fileprivate func append(_ value: String) { JSONScanner.appendQuoted(value, to: &room.text) }

    fileprivate func append(literal: String) { room.text.append(utf8: literal) }

    fileprivate func append(number: Double) throws {
        guard number.isFinite else { throw Unstreamable() }
        append(
            literal: number == number.rounded() && number.magnitude < 1e15
                ? String(Int64(number)) : "\(number)")
    }

    /// The name and colon of an object's next member.
    fileprivate func beginMember(_ name: String) {
        let index = room.open.count - 1
        if room.open[index].count > 0 {
            if let last = room.members.last, !(last.name < name) { room.open[index].isSorted = false }
            room.text.append(UInt8(ascii: ","))
        }
        room.members.append((name, room.text.count))
        room.open[index].count += 1
        append(name)
        room.text.append(UInt8(ascii: ":"))
    }

    /// The comma before an array's next element.
    fileprivate func beginElement() {
        let index = room.open.count - 1
        if room.open[index].count > 0 { room.text.append(UInt8(ascii: ",")) }
        room.open[index].count += 1
    }

    fileprivate var count: Int { room.open.last?.count ?? 0 }

    private func begin(_ shape: Shape) {
        // A value may ask for its container more than once.
        guard let index = room.open.indices.last, room.open[index].shape == .nothing else { return }
        room.open[index].shape = shape
        if shape == .object { room.text.append(UInt8(ascii: "{")) }
        if shape == .array { room.text.append(UInt8(ascii: "[")) }
    }

    private func end() {
        guard let ended = room.open.popLast() else { return }
        switch ended.shape {
        // A value that encodes nothing is an empty object, as for JSONEncoder.
        case .nothing: append(literal: "{}")
        case .object:
            if !ended.isSorted { sort(room.members.suffix(ended.count)) }
            room.members.removeLast(ended.count)
            room.text.append(UInt8(ascii: "}"))
        case .array: room.text.append(UInt8(ascii: "]"))
        case .single: break
        }
    }

    private func sort(_ members: ArraySlice<(name: String, start: Int)>) {
        guard let first = members.first?.start else { return }
        var parts: [(name: String, text: ArraySlice<UInt8>)] = []
        for (index, member) in zip(members.indices, members) {
            let end = index + 1 < members.endIndex ? members[index + 1].start - 1 : room.text.count
            parts.append((member.name, room.text[member.start..<end]))
        }
        parts.sort { $0.name < $1.name }
        let sorted = Array(parts.map(\.text).joined(separator: [UInt8(ascii: ",")]))
        room.text.replaceSubrange(first..., with: sorted)
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
