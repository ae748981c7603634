/// What kind of thing a player does.
public enum ActionType: String, Codable, Sendable, CaseIterable {
    /// Looks at the location or something in it.
    case look
    /// Says something aloud.
    case say
    /// Goes to a neighbouring location.
    case move
    /// Tries anything else.
    case `do`
}
