internal import Base
package import FoundationEssentials

/// JSON in and out, with one set of options everywhere: equal values give equal bytes.
package enum JSON {
    // Both may be used from several threads: their options are never changed again, and each call keeps its own state.
    package static let decoder = JSONDecoder()
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    /// Types that would code themselves otherwise than Foundation's coders code them, or by way of themselves.
    static let foundations: Set<ObjectIdentifier> = [
        ObjectIdentifier(Date.self), ObjectIdentifier(Data.self), ObjectIdentifier(URL.self),
        ObjectIdentifier(Decimal.self), ObjectIdentifier(Int8.self), ObjectIdentifier(Int16.self),
        ObjectIdentifier(Int32.self), ObjectIdentifier(Int128.self), ObjectIdentifier(UInt8.self),
        ObjectIdentifier(UInt16.self), ObjectIdentifier(UInt32.self), ObjectIdentifier(UInt64.self),
        ObjectIdentifier(UInt.self), ObjectIdentifier(UInt128.self), ObjectIdentifier(Float.self),
    ]

    /// Decodes an input, which is strict JSON (`StrictJSON`): what the flat decoder takes is, and all else is looked
    /// at before Foundation reads it. Broken JSON throws a 400 `Problem`; a value of another shape, or that not all
    /// would read alike, an `InvalidInput` that names the field. No data decodes as an empty object.
    package static func decode<T: Decodable>(_ type: T.Type, from data: [UInt8]) throws -> T {
        if let value = JSONFlatDecoder.decode(type, from: data) { return value }
        if !data.isEmpty, let fault = StrictJSON.fault(in: data.span) { throw refusal(of: fault) }
        do {
            return try decoder.decode(type, from: data.isEmpty ? Data("{}".utf8) : Data(data))
        } catch let error as DecodingError {
            throw refusal(of: error)
        }
    }

    /// The value of strict JSON; nil for any other text, and for another shape.
    package static func decodeStrict<T: Decodable>(_ type: T.Type, from data: [UInt8]) -> T? {
        StrictJSON.fault(in: data.span) == nil ? try? decoder.decode(type, from: Data(data)) : nil
    }

    /// Decodes what this software wrote itself.
    package static func decode<T: Decodable>(_ type: T.Type, text: String) throws -> T {
        if let value = JSONFlatDecoder.decode(type, from: Array(text.utf8)) { return value }
        return try decoder.decode(type, from: Data(text.utf8))
    }

    /// Encodes with sorted keys. Throws where the value cannot be JSON, such as an infinite number.
    package static func encode(_ value: some Encodable) throws -> String {
        do {
            return try JSONTextEncoder.encode(value)
        } catch is JSONTextEncoder.Unstreamable {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        }
    }

    private static func refusal(of fault: StrictJSON.Fault) -> any Error {
        switch fault {
        case .malformed: Problem(.malformed, "The body is not valid JSON.")
        case .tooDeep(let pointer): InvalidInput(pointer, "is nested too deeply")
        case .repeatedName(let pointer): InvalidInput(pointer, "stands there twice")
        case .halfSurrogatePair(let pointer): InvalidInput(pointer, "has half of a surrogate pair")
        }
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
            if !context.codingPath.isEmpty || !isDecodersOwn(context) {
                InvalidInput(pointer(context.codingPath), detail(context))
            } else {
                // The decoder reports a number that does not fit its field as if the text were broken, which it is not.
                InvalidInput("", "has a number that is too large, or not whole where it must be")
            }
        @unknown default: Problem(.malformed, "The body cannot be read.")
        }
    }

    private static func isDecodersOwn(_ context: DecodingError.Context) -> Bool {
        context.underlyingError != nil
            || context.debugDescription.hasPrefix("The given data was not valid JSON")
    }

    /// A type's own words for what it does not take; the decoder's would show the value and names from the source.
    private static func detail(_ context: DecodingError.Context) -> String {
        let text = context.debugDescription
        if text.hasPrefix("Parsed JSON number") || text.hasPrefix("Number ") { return "is out of range" }
        let isOwn =
            context.underlyingError == nil && !text.isEmpty && text.utf8.count < 400
            && !text.hasPrefix("Cannot initialize ")
        return isOwn ? text : "is not an allowed value"
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
