/// Any JSON value (RFC 8259): for a field of an input or output whose shape the function does not decide.
///
/// A whole number within the range of `Int64` is an `integer`, written `1.0` or not; any other number is a `number`,
/// as exact as a `Double`. Decoding fails where a number is out of range or arrays and objects are nested too deeply.
/// Object keys are sorted on encoding, as in every JSON text that the runtime writes.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// Any other number. One that is not finite cannot be encoded.
    case number(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Values by name.
    case object([String: JSONValue])

    /// How deep in a document a value may stand.
    public static let maximumDepth = 128
}

extension JSONValue: Decodable {
    /// Reads whatever comes.
    public init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            try Self.checkDepth(decoder)
            var elements: [JSONValue] = []
            elements.reserveCapacity(min(list.count ?? 0, 1_024))
            while !list.isAtEnd { elements.append(try list.decode(JSONValue.self)) }
            self = .array(elements)
        } else if let members = try? decoder.container(keyedBy: Name.self) {
            try Self.checkDepth(decoder)
            var object: [String: JSONValue] = [:]
            for name in members.allKeys {
                object[name.stringValue] = try members.decode(JSONValue.self, forKey: name)
            }
            self = .object(object)
        } else {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                self = .null
            } else if let text = try? single.decode(String.self) {
                self = .string(text)
            } else if let flag = try? single.decode(Bool.self) {
                self = .bool(flag)
            } else if let integer = try? single.decode(Int64.self) {
                self = .integer(integer)
            } else {
                self = .number(try single.decode(Double.self))
            }
        }
    }

    private static func checkDepth(_ decoder: any Decoder) throws {
        guard decoder.codingPath.count < maximumDepth else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "is nested too deeply"))
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension JSONValue: Encodable {
    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .integer(let integer): try container.encode(integer)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }
}
