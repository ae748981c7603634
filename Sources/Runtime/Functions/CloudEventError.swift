/// Why a text is not a CloudEvent that an invocation can start from, or an event cannot be written as one.
public struct CloudEventError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The member that is wrong; nil where it is the text as a whole.
    public let member: String?
    /// What is wrong; never the value itself.
    public let reason: String

    package init(_ member: String?, _ reason: String) {
        self.member = member
        self.reason = reason
    }

    /// One line for a person.
    public var description: String {
        member.map { "The CloudEvent's member '\($0)' \(reason)." } ?? "The CloudEvent \(reason)."
    }
}
