/// What users call a caller: a player, after the game that this runtime was first written for.
///
/// Manifests, dashboards, stores and recordings have the word, and stay valid. Swift says caller, and takes the word
/// from here alone.
public enum CallerWord {
    /// In manifests (`auth: player`, `per: player`), and wherever one is shown.
    package static let manifest = RateScope.caller.rawValue
    /// The field of log lines that has the caller's id. Where a function asks for no token, it may set the field itself,
    /// to say whom it has let in.
    public static let field = "player_id"
    /// What stands in front of the caller's id where rates are counted and answers kept, in stores and in recordings.
    package static let scope = "player:"
}
