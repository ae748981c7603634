internal import FoundationEssentials
internal import Game

/// The body of a request to OpenAI's chat completions, as far as the usual servers have it.
struct ChatRequest: Encodable {
    struct Message: Encodable, Equatable {
        let role: String
        let content: String
    }

    private struct StreamOptions: Encodable {
        let include_usage = true
    }

    private let model: String
    private let messages: [Message]
    private let stream: Bool
    private let stream_options: StreamOptions?
    private let max_tokens: Int?
    private let max_completion_tokens: Int?
    private let temperature: Double?
    /// The text of the member `response_format`, whose order must stay.
    private let format: String?

    private enum CodingKeys: String, CodingKey {
        case model, messages, stream, stream_options, max_tokens, max_completion_tokens, temperature
    }

    /// A request for one passage, with what the server takes.
    init(model: String, _ messages: PromptMessages, _ dialect: Dialect, isStreamed: Bool = true) {
        self.model = model
        stream = isStreamed
        self.messages =
            dialect.has(.systemRole)
            ? [
                Message(role: "system", content: messages.system),
                Message(role: "user", content: messages.data),
            ] : [Message(role: "user", content: messages.system + "\n" + messages.data)]
        stream_options = isStreamed && dialect.has(.streamOptions) ? StreamOptions() : nil
        max_tokens = dialect.has(.maxTokens) ? dialect.answerTokens : nil
        max_completion_tokens = dialect.has(.maxTokens) ? nil : dialect.answerTokens
        temperature = dialect.has(.temperature) ? 0.8 : nil
        format = dialect.has(.schema) ? Self.format(hasLengths: dialect.has(.lengths)) : nil
    }

    /// JSON text.
    var body: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return [] }
        guard let format else { return [UInt8](data) }
        return [UInt8](data.dropLast()) + Array(",\"response_format\":\(format)}".utf8)
    }

    /// The schema of an answer. Servers with a grammar, such as llama.cpp, let the model write the members in the
    /// schema's order: the story comes first, so that players read it while the choices are still to come.
    ///
    /// The lengths are those of ``Passage``, but for the story's: more than it is asked for, and less than the 2,000 at
    /// which a grammar of llama.cpp's is refused (its #17381, #27087).
    private static func format(hasLengths: Bool) -> String {
        func text(_ most: Int) -> String {
            hasLengths ? #"{"type":"string","minLength":1,"maxLength":\#(most)}"# : #"{"type":"string"}"#
        }
        func object(_ members: String, _ names: String) -> String {
            #"{"type":"object","properties":{\#(members)},"required":[\#(names)],"additionalProperties":false}"#
        }
        let choice = object(#""label":\#(text(80)),"summary":\#(text(300))"#, #""label","summary""#)
        let choices = #"{"type":"array","items":\#(choice),"minItems":3,"maxItems":3}"#
        let passage = object(
            #""story":\#(text(storyCharacters)),"choices":\#(choices)"#, #""story","choices""#)
        return #"{"type":"json_schema","json_schema":{"name":"passage","strict":true,"schema":\#(passage)}}"#
    }

    private static let storyCharacters = 1_800
}
