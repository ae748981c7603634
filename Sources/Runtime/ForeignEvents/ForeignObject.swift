internal import Base
internal import Functions

/// A JSON object of other software: its members by name, their values still as JSON texts, and where it stands, for
/// errors. A member that is null counts as one that is not there.
struct ForeignObject {
    private let path: String
    private let values: [String: String]

    /// Reads an object. `path` names it from the outermost one; empty for that.
    init(_ json: String, path: String = "") throws(EventFault) {
        guard let members = JSONScanner.members(of: json) else {
            throw path.isEmpty
                ? EventFault(nil, "is not a JSON object, or nested too deeply")
                : EventFault(path, "must be an object")
        }
        self.path = path
        var values: [String: String] = [:]
        values.reserveCapacity(members.count)
        for (name, value) in members {
            guard values.updateValue(value, forKey: name) == nil else {
                throw EventFault(Self.join(path, name), "stands there twice")
            }
        }
        self.values = values.filter { $0.value != "null" }
    }

    /// The names of the members, sorted.
    var names: [String] { values.keys.sorted() }

    func has(_ name: String) -> Bool { values[name] != nil }

    /// The value of a member as JSON text.
    func value(_ name: String) -> String? { values[name] }

    /// A fault of a member.
    func fault(_ name: String, _ reason: String) -> EventFault {
        EventFault(Self.join(path, name), reason)
    }

    func text(_ name: String) throws(EventFault) -> String? {
        guard let value = values[name] else { return nil }
        guard let text = JSONScanner.string(of: value) else { throw fault(name, "must be a string") }
        return text
    }

    /// A text that must be there, and not be empty.
    func required(_ name: String) throws(EventFault) -> String {
        guard let text = try text(name) else { throw fault(name, "is missing") }
        guard !text.isEmpty else { throw fault(name, "must not be empty") }
        return text
    }

    func object(_ name: String) throws(EventFault) -> ForeignObject? {
        guard let value = values[name] else { return nil }
        return try ForeignObject(value, path: Self.join(path, name))
    }

    func requiredObject(_ name: String) throws(EventFault) -> ForeignObject {
        guard let object = try object(name) else { throw fault(name, "is missing") }
        return object
    }

    /// False where it is missing.
    func flag(_ name: String) throws(EventFault) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        default: throw fault(name, "must be true or false")
        }
    }

    /// A whole number, which some write as a string; nil where it is missing.
    func wholeNumber(_ name: String) throws(EventFault) -> Int64? {
        guard let value = values[name] else { return nil }
        guard let number = Int64(JSONScanner.string(of: value) ?? value) else {
            throw fault(name, "must be a whole number")
        }
        return number
    }

    /// A time as milliseconds since the Unix epoch, or `receivedAt` where it is missing.
    ///
    /// SAM CLI writes seconds, so what would be before 1973 as milliseconds is taken as those. What is before 2001 even
    /// so is no time of an event (0 above all), and counts as missing: claims that have expired must not be good then.
    func time(_ name: String, receivedAt: Timestamp?) throws(EventFault) -> Timestamp {
        func missing() throws(EventFault) -> Timestamp {
            guard let receivedAt else { throw fault(name, "is missing") }
            return receivedAt
        }
        guard let value = values[name] else { return try missing() }
        // What a JavaScript or Java program has rewritten may have an exponent. A string would read as a number here.
        guard !value.hasPrefix("\""), let number = Double(value), number == number.rounded(),
            (0...Self.latestTime).contains(number)
        else { throw fault(name, "must be whole milliseconds since 1970, up to the year 9999") }
        guard number >= 1e9 else { return try missing() }
        return Timestamp(milliseconds: Int64(number < 1e11 ? number * 1_000 : number))
    }

    /// The last millisecond that RFC 3339 can write.
    private static let latestTime = 253_402_300_799_999.0

    /// Names come from the text, so they are shown as its values would be.
    private static func join(_ path: String, _ name: String) -> String {
        let name = quoted(name)
        return path.isEmpty ? name : path + "." + name
    }
}
