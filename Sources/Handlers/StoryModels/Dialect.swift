/// Which of the interface's members a server takes: it starts with all of them, and those that a server refuses are left
/// out from then on. Pure.
struct Dialect: Equatable {
    /// How the answer's length is limited.
    enum Length: String, Equatable {
        case tokens = "max_tokens"
        /// What newer models of OpenAI's want.
        case completionTokens = "max_completion_tokens"
    }

    /// Whether it takes a JSON schema for the answer.
    private(set) var hasSchema = true
    /// Whether it can be asked for the usage at the end of a stream.
    private(set) var hasStreamOptions = true
    /// Whether it takes a temperature.
    private(set) var hasTemperature = true
    private(set) var length = Length.tokens

    /// Learns from the text of a refusal; whether there is anything to try otherwise. A failure of the server's own
    /// (5xx) must name a member in full.
    mutating func learn(from body: String, status: Int) -> Bool {
        let text = body.lowercased()
        let before = self
        if hasSchema,
            text.contains("response_format") || (status < 500 && text.contains("schema"))
        {
            hasSchema = false
        } else if hasStreamOptions, text.contains("stream_options") {
            hasStreamOptions = false
        } else if length == .tokens, text.contains("max_tokens") {
            length = .completionTokens
        } else if hasTemperature, text.contains("temperature") {
            hasTemperature = false
        }
        return self != before
    }
}
