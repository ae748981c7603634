import Runtime

/// Asks the caller's client something: what it acknowledges comes to `Answered`.
struct Ask: Function {
    struct Input: Decodable, Sendable {
        let question: JSONValue
        /// How long the answer may take; 10 s where left out.
        let withinMilliseconds: Int?

        private enum CodingKeys: String, CodingKey {
            case question
            case withinMilliseconds = "within_ms"
        }
    }

    func handle(_ input: Input, in context: Context) async throws -> Nothing {
        guard let id = context.connectionID else { return Nothing() }
        let time = Duration.milliseconds(min(max(1, input.withinMilliseconds ?? 10_000), 60_000))
        try context.emit("question", input.question, to: [id], answerWithin: time)
        return Nothing()
    }
}
