internal import Game
internal import Runtime
internal import Store

/// How many tokens a player's stories have cost in the present window of time; windows begin at multiples of their
/// length, so that a day is a day of UTC.
struct TokenBudget: StoredRecord, Equatable {
    static let kind = "token-budget"

    /// The player's id.
    let id: String
    /// Tokens in and out since `window` began.
    private(set) var used: Int
    /// When the window began, in milliseconds since 1970.
    private(set) var window: Int64

    /// A player's budget as it stands at the function's time.
    static func of(_ playerID: String, _ rate: Rate, in context: Context) throws -> TokenBudget {
        let length = max(1, rate.window.milliseconds)
        let now = context.now.milliseconds
        let window = now - ((now % length) + length) % length
        let kept = try context.read(TokenBudget.self, playerID)
        if let kept, kept.window == window { return kept }
        return TokenBudget(id: playerID, used: 0, window: window)
    }

    /// Whether there is anything left of it.
    func allows(_ rate: Rate) -> Bool { used < rate.count }

    /// Takes from it.
    mutating func spend(_ usage: TokenUsage) {
        let (sum, overflows) = used.addingReportingOverflow(usage.total)
        used = overflows ? .max : sum
    }
}
