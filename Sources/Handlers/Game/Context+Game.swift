public import Functions

extension Context {
    /// The player who acts. Throws a 401 `Problem` where nobody says who they are.
    public var playerID: String { get throws(Problem) { try subject } }

    /// Whether one may play without an account (`guests` in the manifest).
    public var allowsGuests: Bool { allowsAnonymous }

    /// How many tokens of a language model one player may use up (`tokens` in the manifest); nil for no budget.
    public var tokens: Rate? { limits.budget }
}
