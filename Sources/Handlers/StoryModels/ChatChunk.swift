internal import FoundationEssentials
internal import Game
internal import Functions

/// One chunk of a streamed answer, or a whole answer of a server that does not stream. Members that are there in another
/// shape than here count as absent, for no two servers agree on those that do not matter.
struct ChatChunk: Decodable {
    /// The text of a message: a string, or a list of parts of which those of the type `text` are it.
    private struct Content: Decodable {
        private struct Part: Decodable {
            let type: String?
            let text: String?
        }

        let text: String

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.text = text
                return
            }
            var list = try decoder.unkeyedContainer()
            var text = ""
            while !list.isAtEnd {
                if let part = try? list.decode(String.self) {
                    text += part
                } else if let part = try? list.decode(Part.self) {
                    if part.type == nil || part.type == "text" { text += part.text ?? "" }
                } else {
                    _ = try list.decode(JSONValue.self)
                }
            }
            self.text = text
        }
    }

    private struct Message: Decodable {
        let content: String
        let thought: String

        private enum CodingKeys: String, CodingKey {
            case content, reasoning
            case reasoningContent = "reasoning_content"
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            content = (try? members.decode(Content.self, forKey: .content))?.text ?? ""
            thought =
                (try? members.decode(String.self, forKey: .reasoningContent))
                ?? (try? members.decode(String.self, forKey: .reasoning)) ?? ""
        }
    }

    private struct Choice: Decodable {
        let message: Message?
        let ending: String?

        private enum CodingKeys: String, CodingKey {
            case delta, message
            case ending = "finish_reason"
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            message =
                (try? members.decode(Message.self, forKey: .delta))
                ?? (try? members.decode(Message.self, forKey: .message))
            ending = try? members.decode(String.self, forKey: .ending)
        }
    }

    private struct Usage: Decodable {
        let prompt_tokens: Int
        let completion_tokens: Int
    }

    private struct Fault: Decodable {
        let status: Int?
        private enum CodingKeys: String, CodingKey { case code, status }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            let code =
                (try? members.decode(Int.self, forKey: .code))
                ?? (try? members.decode(Int.self, forKey: .status))
            status = code.flatMap { (400...599).contains($0) ? $0 : nil }
        }
    }

    private enum CodingKeys: String, CodingKey { case choices, usage, error }

    /// The text that it adds; empty for none.
    let text: String
    /// What the model thinks, where the server tells it apart; never shown to anyone.
    let thought: String
    /// Why the model has ended its answer, if it has: `stop`, `length` and others.
    let ending: String?
    /// What it all cost, if the chunk says so.
    let tokens: TokenUsage?
    /// Whether the server says that it failed, in the middle of its stream.
    let isError: Bool
    /// The HTTP status that it would have failed with, if it says so.
    let errorStatus: Int?

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let choice = (try? members.decode([Choice].self, forKey: .choices))?.first
        text = choice?.message?.content ?? ""
        thought = choice?.message?.thought ?? ""
        ending = choice?.ending.flatMap { $0.isEmpty ? nil : $0 }
        tokens = (try? members.decode(Usage.self, forKey: .usage)).map {
            TokenUsage(input: $0.prompt_tokens, output: $0.completion_tokens)
        }
        isError = members.contains(.error) && (try? members.decodeNil(forKey: .error)) != true
        errorStatus = (try? members.decode(Fault.self, forKey: .error))?.status
    }

    /// Reads a chunk; nil for what is none. Halves of surrogate pairs are as ``SurrogateHalves`` carries them, and a raw
    /// line break within a text is one.
    static func read(_ json: String) -> ChatChunk? {
        let text = SurrogateHalves.carried(in: JSONRepair.withoutRawControls(json))
        return try? JSONDecoder().decode(ChatChunk.self, from: Data(text.utf8))
    }
}
