/// Which of the interface a server takes: it starts with all of it, and what the server refuses is left out from then on.
/// Pure.
struct Dialect: Equatable {
    /// What a server may not take. They are tried without in this order where a refusal could mean several.
    enum Trait: CaseIterable {
        /// The lengths in the answer's schema.
        case lengths
        /// A JSON schema for the answer.
        case schema
        /// The usage at the end of a stream.
        case streamOptions
        /// `max_tokens`; newer models of OpenAI's want `max_completion_tokens`.
        case maxTokens
        /// A temperature.
        case temperature
        /// A message of the role `system`; without it, there is one message of the user's.
        case systemRole
    }

    /// What is left out.
    private(set) var missing: Set<Trait> = []
    /// How many tokens a prompt may have, by ``TokenEstimate``; nil for as many as the game wants.
    private(set) var promptTokens: Int?
    /// How many tokens an answer may have.
    private(set) var answerTokens = Dialect.mostAnswerTokens

    /// The most tokens of an answer.
    static let mostAnswerTokens = 2_000
    /// Fewer tokens than this are no context that a story fits in: such a figure is not believed.
    static let leastContext = 512
    /// Nor is a figure beyond this.
    private static let mostTokens = 100_000_000

    /// Whether the server takes it, as far as is known.
    func has(_ trait: Trait) -> Bool { !missing.contains(trait) }

    mutating func leaveOut(_ trait: Trait) { missing.insert(trait) }

    mutating func takeBack(_ trait: Trait) { missing.remove(trait) }

    /// Fits a prompt and its answer into the server's context: `context` tokens if it told, of which the prompt that was
    /// refused took `spent` by the server's count if it told, and `estimate` by our own. One of the two gets shorter.
    mutating func fit(context: Int?, spent: Int?, estimate: Int) {
        let shorter = min(promptTokens ?? .max, estimate * 3 / 4)
        guard let context, context <= Self.mostTokens else {
            promptTokens = shorter
            return
        }
        let window = max(context, Self.leastContext)
        let answer = min(answerTokens, window * 2 / 5)
        // What the server's template puts around the messages.
        var left = max(0, window - answer - 64)
        if let spent, (1...Self.mostTokens).contains(spent) { left = left * estimate / spent }
        promptTokens = min(left, answer < answerTokens ? promptTokens ?? .max : shorter)
        answerTokens = answer
    }

    /// What both have found out.
    func merged(_ other: Dialect) -> Dialect {
        var both = self
        both.missing.formUnion(other.missing)
        both.promptTokens = [promptTokens, other.promptTokens].compactMap(\.self).min()
        both.answerTokens = min(answerTokens, other.answerTokens)
        return both
    }
}
