internal import Base
package import Ledger
internal import Wire

extension Event {
    /// The data as what a function takes.
    ///
    /// One argument, or text that is no JSON, is one value to a function that takes any type of its own. To such a
    /// function no arguments are null where it takes that, or else an empty object; several are a 422.
    /// `inputForm` is the type's own.
    package func input<T: Decodable>(_ type: T.Type, form inputForm: DataForm) throws -> T {
        switch inputForm {
        case .arguments: try JSON.decode(type, from: arguments)
        case .text: try JSON.decode(type, from: Array(JSONScanner.quoted(text()).utf8))
        case .value: try value(type)
        }
    }

    /// What counts against the limit of a body, in bytes: what arrived. Bytes that a socket brought are not counted as
    /// the Base64 that they are within JSON.
    package var arrivedCount: Int {
        guard case .socket = trigger, form != .text else { return data.count }
        return BinaryJSON.octetCount(of: data)
    }

    /// A JSON array of the arguments. What is no socket's says itself which they are.
    private var arguments: [UInt8] {
        switch form {
        case .arguments: return data
        case .text: return list(of: quoted)
        case .value:
            guard !data.isEmpty else { return list(of: []) }
            guard case .socket = trigger else { return data }
            return list(of: data)
        }
    }

    private func list(of value: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "[")] + value + [UInt8(ascii: "]")]
    }

    /// Text that is no JSON, as JSON.
    private var quoted: [UInt8] { Array(JSONScanner.quoted(String(decoding: data, as: UTF8.self)).utf8) }

    private func text() throws -> String {
        if form == .arguments { return try onlyArgument(String.self) }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Problem(.malformed, "The body is not UTF-8.")
        }
        if form == .value, BinaryJSON.isOctets(text) { throw InvalidInput("", "must be text, not bytes") }
        return text
    }

    private func value<T: Decodable>(_ type: T.Type) throws -> T {
        switch form {
        case .value: try JSON.decode(type, from: data)
        case .text: try JSON.decode(type, from: quoted)
        case .arguments: try onlyArgument(type)
        }
    }

    /// The one value among arguments.
    private func onlyArgument<T: Decodable>(_ type: T.Type) throws -> T {
        guard let elements = String(validating: data, as: UTF8.self).flatMap({ JSONScanner.elements(of: $0) })
        else { throw Problem(.malformed, "The arguments are not a JSON array.") }
        if let nothing = Nothing() as? T { return nothing }
        switch elements.count {
        case 0: return try (try? JSON.decode(type, from: Array("null".utf8))) ?? JSON.decode(type, from: [])
        case 1: return try JSON.decode(type, from: Array(elements[0].utf8))
        default: throw InvalidInput("", "must be one argument, and has \(elements.count)")
        }
    }
}
