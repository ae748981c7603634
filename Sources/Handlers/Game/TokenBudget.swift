public import Functions

/// Whose budget of tokens a player's stories are taken from. What they have cost stands in the journal; `used` and `window`
/// are of stores from before that, and hold until their window ends.
public struct TokenBudget: StoredRecord, Equatable {
    public static let kind = "token-budget"
    /// The most that one answer may cost beside its prompt: so much is reserved for it.
    public static let answer = 2_000

    /// The player's id.
    public let id: String
    /// Where a guest came from (`Context.addressMark`): all guests from there share one budget, beside each one's own,
    /// so that a new session is no new budget. Nil for whoever has an account.
    public let origin: String?
    /// Tokens in and out since `window` began.
    public var used: Int
    /// When the window began, in milliseconds since 1970.
    public var window: Int64

    /// A budget of which so much is used.
    public init(id: String, origin: String?, used: Int = 0, window: Int64 = 0) {
        self.id = id
        self.origin = origin
        self.used = used
        self.window = window
    }
}
