/// What a player did, as the journal keeps it. The entry's id is the action's.
public struct ActionEntry: Codable, Sendable, Equatable {
    /// The journal's word for this kind of entry.
    public static let kind = "action"

    /// What they did.
    public let type: ActionType
    /// What they said or tried, sanitised.
    public let text: String
    /// Where they are after it.
    public let location: String
    /// The player's name and language at the time.
    public let name: String
    public let language: Language

    /// An action of `player`, who is already where it led them.
    public init(type: ActionType, text: String, player: Player) {
        self.type = type
        self.text = text
        location = player.location
        name = player.name
        language = player.language
    }
}
