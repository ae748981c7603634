internal import FoundationEssentials

/// JSON in and out, with one set of options everywhere: equal values give equal bytes.
enum JSON {
    /// Decodes an input. Broken JSON throws a 400 `Problem`; a value of another shape an `InvalidInput` that names
    /// the field. No data decodes as an empty object.
    static func decode<T: Decodable>(_ type: T.Type, from data: [UInt8]) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: data.isEmpty ? Data("{}".utf8) : Data(data))
        } catch let error as DecodingError {
            throw refusal(of: error)
        }
    }

    /// Decodes what this software wrote itself.
    static func decode<T: Decodable>(_ type: T.Type, text: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// Encodes with sorted keys. Throws where the value cannot be JSON, such as an infinite number.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func refusal(of error: DecodingError) -> any Error {
        switch error {
        case .keyNotFound(let key, let context):
            InvalidInput(pointer(context.codingPath + [key]), "is missing")
        case .typeMismatch(let type, let context):
            InvalidInput(pointer(context.codingPath), "must be \(name(of: type))")
        case .valueNotFound(let type, let context):
            InvalidInput(pointer(context.codingPath), "must be \(name(of: type)), not null")
        case .dataCorrupted(let context):
            // At the top the text itself is broken; below it, a value is not one of those allowed.
            context.codingPath.isEmpty
                ? Problem(.malformed, "The body is not valid JSON.")
                : InvalidInput(pointer(context.codingPath), detail(context))
        @unknown default: Problem(.malformed, "The body cannot be read.")
        }
    }

    private static func detail(_ context: DecodingError.Context) -> String {
        context.underlyingError == nil && !context.debugDescription.isEmpty
            && context.debugDescription.count < 200
            ? context.debugDescription : "is not an allowed value"
    }

    private static func pointer(_ path: [any CodingKey]) -> String {
        path.map { key in
            "/"
                + (key.intValue.map(String.init)
                    ?? key.stringValue.replacing("~", with: "~0").replacing("/", with: "~1"))
        }.joined()
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type, is Int64.Type: "a whole number"
        case is Double.Type: "a number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "of another type"
        }
    }
}
