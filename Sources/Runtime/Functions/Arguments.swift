internal import Base
internal import Ledger

/// The arguments of a Socket.IO event or of an acknowledgement, where they are not just one: an input, an output, and
/// what `Context.emit` sends.
///
///     func handle(_ input: Arguments<String, Int>, in context: Context) async throws -> Arguments<Bool, Binary> {
///         let (name, count) = input.values
///         ...
///         return Arguments(true, Binary(bytes))
///     }
///
/// `emit("m", 1, 2)` brings two values to an `Arguments<Int, Int>`, `emit("m", [1, 2])` one to an `Arguments<[Int]>`, or
/// to a function whose input is `[Int]`. An argument that is missing at the end is nil where it is optional; any other
/// count is a 422. `Arguments()` are none. Where there are no arguments, as over HTTP or in a queue, the JSON is the
/// array of them.
public struct Arguments<each Value: Sendable>: Sendable {
    /// The arguments, in order.
    public let values: (repeat each Value)

    /// These arguments.
    public init(_ values: repeat each Value) { self.values = (repeat each values) }
}

/// Any number of arguments, each any JSON: what ``Arguments`` are where their number or types are not known.
public struct AnyArguments: Sendable, Equatable {
    /// The arguments, in order.
    public var values: [JSONValue]

    /// These arguments.
    public init(_ values: [JSONValue] = []) { self.values = values }
}

/// Text as it is: a message of a plain WebSocket that need be no JSON.
///
/// As an input it is the message's own text, whether that is JSON or not; bytes are a 422. As an output, or sent by
/// `Context.post`, it is a text message of just these bytes. To every other client, and over HTTP, it is a JSON string.
public struct PlainText: Sendable, Equatable {
    /// The text.
    public var text: String

    /// This text.
    public init(_ text: String) { self.text = text }
}

/// A type whose JSON is not just one value to a socket.
protocol Formed {
    static var form: DataForm { get }
}

extension DataForm {
    /// How values of a type go over a socket.
    package init(of type: any Any.Type) { self = (type as? any Formed.Type)?.form ?? .value }
}

extension Arguments: Formed {
    static var form: DataForm { .arguments }
}

extension Arguments: Encodable where repeat each Value: Encodable {
    /// Writes an array.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        repeat try list.encode(each values)
    }
}

extension Arguments: Decodable where repeat each Value: Decodable {
    /// Reads an array of as many elements; those at the end may be missing where they are optional.
    public init(from decoder: any Decoder) throws {
        let reader = ArgumentReader(try decoder.unkeyedContainer())
        self.init(repeat try reader.next((each Value).self))
        try reader.finish()
    }
}

/// Takes arguments one by one. A class, so that a pack can share it.
private final class ArgumentReader {
    private var list: any UnkeyedDecodingContainer
    private var taken = 0

    init(_ list: any UnkeyedDecodingContainer) { self.list = list }

    func next<T: Decodable>(_ type: T.Type) throws -> T {
        taken += 1
        guard list.isAtEnd else { return try list.decode(type) }
        if let optional = type as? any Absentable.Type, let none = optional.absent as? T { return none }
        throw DecodingError.keyNotFound(
            ArgumentIndex(taken - 1),
            DecodingError.Context(codingPath: list.codingPath, debugDescription: "is missing"))
    }

    /// Throws where any is left.
    func finish() throws {
        guard !list.isAtEnd else { return }
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: list.codingPath,
                debugDescription: "has \(list.count ?? taken + 1) arguments, and may have \(taken)"))
    }
}

/// What may be missing.
private protocol Absentable {
    static var absent: Self { get }
}

extension Optional: Absentable {
    fileprivate static var absent: Self { .none }
}

private struct ArgumentIndex: CodingKey {
    let index: Int
    var stringValue: String { String(index) }
    var intValue: Int? { index }

    init(_ index: Int) { self.index = index }
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}

extension AnyArguments: Formed {
    static var form: DataForm { .arguments }
}

extension AnyArguments: Codable {
    /// Reads an array.
    public init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        values = []
        while !list.isAtEnd { values.append(try list.decode(JSONValue.self)) }
    }

    /// Writes an array.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for value in values { try list.encode(value) }
    }

    /// The argument at an index as a type; throws an `InvalidInput` that names it where it is missing or another.
    public func decode<T: Decodable>(_ type: T.Type = T.self, at index: Int) throws -> T {
        guard values.indices.contains(index) else { throw InvalidInput("/\(index)", "is missing") }
        do {
            return try JSON.decode(type, from: Array(JSON.encode(values[index]).utf8))
        } catch let invalid as InvalidInput {
            throw InvalidInput("/\(index)\(invalid.pointer)", invalid.detail)
        }
    }
}

extension PlainText: Formed {
    static var form: DataForm { .text }
}

extension PlainText: Codable {
    /// Reads a string.
    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    /// Writes a string.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(text)
    }
}
