/// What a player did, as the journal keeps it. The entry's id is the action's.
public struct ActionEntry: Codable, Sendable, Equatable {
    /// The journal's word for this kind of entry.
    public static let kind = "action"

    // In the order of their names, in which they are encoded.
    /// The player's language at the time.
    public let language: Language
    /// Where they are after it.
    public let location: String
    /// The player's name at the time.
    public let name: String
    /// What they said or tried, sanitised.
    public let text: String
    /// What they did.
    public let type: ActionType

    /// An action of `player`, who is already where it led them.
    public init(type: ActionType, text: String, player: Player) {
        self.type = type
        self.text = text
        location = player.location
        name = player.name
        language = player.language
    }
}
