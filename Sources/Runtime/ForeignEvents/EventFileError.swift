internal import Functions

/// Why a text holds no events that an invocation can start from.
public struct EventFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The form of the event that is wrong; nil where none was recognised.
    public let form: ForeignEvent.Form?
    /// The line of the event in a file with an event a line, from 1.
    public let line: Int?
    /// The event's place in its batch, from 1.
    public let index: Int?
    /// The member that is wrong, its names joined with dots, or the header field; nil where it is the text as a whole.
    public let member: String?
    /// What is wrong; never the value itself.
    public let reason: String

    init(
        form: ForeignEvent.Form? = nil, line: Int? = nil, index: Int? = nil, _ member: String?,
        _ reason: String
    ) {
        self.form = form
        self.line = line
        self.index = index
        self.member = member
        self.reason = reason
    }

    init(_ fault: EventFault, form: ForeignEvent.Form?, _ place: EventPlace) {
        self.init(form: form, line: place.line, index: place.index, fault.member, fault.reason)
    }

    /// One line for a person.
    public var description: String {
        var place = line.map { "line \($0)" } ?? ""
        if let index { place += (place.isEmpty ? "" : ", ") + "event \(index) of the batch" }
        let subject = "\(place.isEmpty ? "the" : place + ": the") \(form?.rawValue ?? "text")"
        let sentence = member.map { "\(subject)'s member '\($0)' \(reason)." } ?? "\(subject) \(reason)."
        return sentence.prefix(1).uppercased() + sentence.dropFirst()
    }
}

/// What is wrong with one event, wherever it stands.
struct EventFault: Error {
    var member: String?
    var reason: String

    init(_ member: String?, _ reason: String) {
        self.member = member
        self.reason = reason
    }

    init(_ error: CloudEventError) { self.init(error.member.map(quoted), error.reason) }
}

/// Where an event stands in its file.
struct EventPlace {
    var line: Int?
    var index: Int?
}
