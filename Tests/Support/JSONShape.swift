/// Any JSON value, to compare what a decoder makes of a whole and of its parts.
public indirect enum JSONShape: Decodable, Equatable {
    case null, bool(Bool), number(Double), string(String), array([JSONShape]), object([String: JSONShape])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONShape].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONShape].self))
        }
    }
}
