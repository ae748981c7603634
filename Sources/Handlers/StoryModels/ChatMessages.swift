internal import FoundationEssentials
internal import Game
internal import Runtime

/// The body of a request to OpenAI's chat completions, as far as the usual servers have it.
struct ChatRequest: Encodable {
    struct Message: Encodable {
        let role: String
        let content: String
    }

    private struct StreamOptions: Encodable {
        let include_usage = true
    }

    /// The most tokens of an answer.
    static let answerTokens = 2_000

    private let model: String
    private let messages: [Message]
    private let stream = true
    private let stream_options: StreamOptions?
    private let max_tokens: Int?
    private let max_completion_tokens: Int?
    private let temperature: Double?
    private let response_format: JSONValue?

    /// A request for one passage, with what the server takes.
    init(model: String, _ messages: PromptMessages, _ dialect: Dialect) {
        self.model = model
        self.messages = [
            Message(role: "system", content: messages.system), Message(role: "user", content: messages.data),
        ]
        stream_options = dialect.hasStreamOptions ? StreamOptions() : nil
        max_tokens = dialect.length == .tokens ? Self.answerTokens : nil
        max_completion_tokens = dialect.length == .completionTokens ? Self.answerTokens : nil
        temperature = dialect.hasTemperature ? 0.8 : nil
        response_format = dialect.hasSchema ? Self.format : nil
    }

    /// JSON text.
    var body: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    /// An object of just these members, all of them there, as strict schemas want it.
    private static func object(_ members: [String: JSONValue]) -> JSONValue {
        .object([
            "type": .string("object"), "properties": .object(members), "additionalProperties": .bool(false),
            "required": .array(members.keys.sorted().map { .string($0) }),
        ])
    }

    private static let format: JSONValue = {
        let text = JSONValue.object(["type": .string("string")])
        let choices = JSONValue.object([
            "type": .string("array"), "items": object(["label": text, "summary": text]),
            "minItems": .integer(3), "maxItems": .integer(3),
        ])
        return .object([
            "type": .string("json_schema"),
            "json_schema": .object([
                "name": .string("passage"), "strict": .bool(true),
                "schema": object(["choices": choices, "story": text]),
            ]),
        ])
    }()
}

/// One chunk of a streamed answer, or a whole answer of a server that does not stream.
struct ChatChunk: Decodable {
    private struct Choice: Decodable {
        struct Message: Decodable {
            let content: String?
        }

        let delta: Message?
        let message: Message?
        let finish_reason: String?
    }

    private struct Usage: Decodable {
        let prompt_tokens: Int?
        let completion_tokens: Int?
    }

    private let choices: [Choice]?
    private let usage: Usage?
    private let error: JSONValue?

    /// Reads a chunk; nil for what is none.
    static func read(_ json: String) -> ChatChunk? {
        try? JSONDecoder().decode(ChatChunk.self, from: Data(json.utf8))
    }

    /// The text that it adds; empty for none.
    var text: String { choices?.first?.delta?.content ?? choices?.first?.message?.content ?? "" }

    /// Whether the model has ended its answer by itself.
    var isLast: Bool { choices?.first?.finish_reason != nil }

    /// What it all cost, if the chunk says so.
    var tokens: TokenUsage? {
        guard let input = usage?.prompt_tokens, let output = usage?.completion_tokens else { return nil }
        return TokenUsage(input: input, output: output)
    }

    /// Whether the server says that it failed, in the middle of its stream.
    var isError: Bool {
        switch error {
        case nil, .null: false
        default: true
        }
    }
}
