internal import Game
internal import Runtime
internal import Store

/// Windows begin at multiples of their length, so that a day is a day of UTC.
extension TokenBudget {
    /// What a story has cost, in the journal of an origin: an entry each, which is no conflict with the stories of
    /// others. Those are long under way and dear, and a record of all would have them told again.
    private struct Cost: Codable {
        static let kind = "tokens"
        /// How many of them are looked at; whoever has more in one window has had enough.
        static let searched = 1_000

        let tokens: Int

        static func stream(_ origin: String) -> String { "tokens:" + origin }
    }

    /// A player's budget as it stands at the function's time.
    static func of(_ playerID: String, _ rate: Rate, in context: Context) throws -> TokenBudget {
        let length = max(1, rate.window.milliseconds)
        let now = context.now.milliseconds
        let window = now - ((now % length) + length) % length
        let kept = try context.read(TokenBudget.self, playerID)
        if let kept, kept.window == window { return kept }
        return TokenBudget(id: playerID, origin: kept?.origin, used: 0, window: window)
    }

    /// Whether there is anything left of it.
    func allows(_ rate: Rate, in context: Context) throws -> Bool {
        guard used < rate.count else { return false }
        guard let origin else { return true }
        let entries = try context.journal(Cost.stream(origin), last: Cost.searched)
        let present = entries.filter { $0.kind == Cost.kind && $0.at.milliseconds >= window }
        guard present.count < Cost.searched else { return false }
        var used = 0
        for entry in present { used = Self.sum(used, try entry.decode(Cost.self).tokens) }
        return used < rate.count
    }

    /// Takes from it.
    mutating func spend(_ usage: TokenUsage, in context: Context) throws {
        used = Self.sum(used, usage.total)
        try context.save(self)
        if let origin {
            try context.append(
                Cost(tokens: usage.total), as: Cost.kind, id: context.identifier("tokens"),
                to: Cost.stream(origin))
        }
    }

    private static func sum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? .max : sum
    }
}
