internal import Base

/// An event for the sockets in some rooms.
public struct Emit: Sendable, Equatable {
    /// The rooms whose sockets get it, each socket once. A socket is also in the room that its own id names.
    public var rooms: [String]
    /// Rooms whose sockets do not.
    public var except: [String]
    /// The event's name.
    public var event: String
    /// The event's one argument, as JSON text.
    public var json: String
    /// What that text is where it is not just one argument: an array of several or none, or a string that goes as bare
    /// text over a plain WebSocket.
    public var form: DataForm
    /// Whether a socket that cannot take it at once does without: nobody gets it later.
    public var isVolatile: Bool
    /// How long each client has to answer, in whole milliseconds; nil asks for no answer.
    public var answerWithin: Duration?

    /// The longest time that a client may be given to answer.
    public static let longestAnswer = Duration.seconds(86_400)

    /// An event for `rooms` without those in `except`. `answerWithin` is cut to whole milliseconds, of which it has at
    /// least one, and to `longestAnswer`.
    public init(
        rooms: [String], except: [String] = [], event: String, json: String, form: DataForm = .value,
        isVolatile: Bool = false, answerWithin: Duration? = nil
    ) {
        self.rooms = rooms
        self.except = except
        self.event = event
        self.json = json
        self.form = form
        self.isVolatile = isVolatile
        self.answerWithin = answerWithin.map {
            .milliseconds(max(1, min($0, Self.longestAnswer).milliseconds))
        }
    }
}

extension Emit: Codable {
    private enum CodingKeys: String, CodingKey {
        case rooms, except, event, json, form, isVolatile, answerWithin
    }

    /// Reads what `encode` wrote; members that are left out have their defaults.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            rooms: try members.decode([String].self, forKey: .rooms),
            except: try members.decode([String].self, forKey: .except),
            event: try members.decode(String.self, forKey: .event),
            json: try members.decode(String.self, forKey: .json),
            form: try members.decodeIfPresent(String.self, forKey: .form).flatMap { DataForm(rawValue: $0) }
                ?? .value,
            isVolatile: try members.decodeIfPresent(Bool.self, forKey: .isVolatile) ?? false,
            answerWithin: try members.decodeIfPresent(Int64.self, forKey: .answerWithin).map {
                .milliseconds($0)
            })
    }

    /// Writes the members, `answerWithin` in milliseconds, without those that have their defaults.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(rooms, forKey: .rooms)
        try members.encode(except, forKey: .except)
        try members.encode(event, forKey: .event)
        try members.encode(json, forKey: .json)
        if form != .value { try members.encode(form.rawValue, forKey: .form) }
        if isVolatile { try members.encode(true, forKey: .isVolatile) }
        try members.encodeIfPresent(answerWithin?.milliseconds, forKey: .answerWithin)
    }
}
