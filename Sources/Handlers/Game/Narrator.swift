/// The built-in narrator: a story model without a model. It puts together prepared sentences about the world, so
/// that the game can be played, tested and replayed with no network and no key. It understands nothing.
///
/// The same world, seed and prompt give the same bytes on every machine.
public struct Narrator: StoryModel {
    /// `built-in-narrator`
    public let name = "built-in-narrator"

    private let world: World
    private let seed: UInt64

    /// The scalars of a piece of the stream.
    private static let pieceScalars = 48

    /// A narrator of a world; another seed tells other stories for the same prompts.
    public init(world: World, seed: UInt64 = 0) {
        self.world = world
        self.seed = seed
    }

    /// The passage, in small pieces and without delay. Never fails.
    public func generate(
        _ prompt: StoryPrompt, within allowance: ModelAllowance = ModelAllowance(patience: .zero)
    ) -> AsyncThrowingStream<String, any Error> {
        let pieces = Self.pieces(of: answer(prompt))
        return AsyncThrowingStream { continuation in
            for piece in pieces { continuation.yield(piece) }
            continuation.finish()
        }
    }

    /// The text of the whole JSON object.
    func answer(_ prompt: StoryPrompt) -> String {
        var telling = Telling(prompt: prompt, world: world, seed: promptSeed(prompt))
        let story = telling.story()
        let choices = telling.choices()
        var json = "{\"story\":"
        json.appendJSON(string: story.prefix(scalars: PassageLimits.storyScalars))
        json += ",\"choices\":["
        for (index, choice) in choices.enumerated() {
            json += index == 0 ? "{\"label\":" : ",{\"label\":"
            json.appendJSON(string: choice.label)
            json += ",\"summary\":"
            json.appendJSON(string: choice.summary)
            json += "}"
        }
        return json + "]}"
    }

    private func promptSeed(_ prompt: StoryPrompt) -> UInt64 {
        var hash = StableHash()
        hash.combine(seed)
        hash.combine(prompt.seed)
        hash.combine(prompt.language.rawValue)
        hash.combine(prompt.location.id)
        hash.combine(prompt.playerName)
        for passage in prompt.recent { hash.combine(passage) }
        for action in prompt.actions {
            hash.combine(action.id)
            hash.combine(action.type.rawValue)
            hash.combine(action.text)
        }
        return hash.value
    }

    private static func pieces(of text: String) -> [String] {
        let scalars = text.unicodeScalars
        var pieces: [String] = []
        var start = scalars.startIndex
        while start < scalars.endIndex {
            let end =
                scalars.index(start, offsetBy: pieceScalars, limitedBy: scalars.endIndex) ?? scalars.endIndex
            pieces.append(String(scalars[start..<end]))
            start = end
        }
        return pieces
    }
}

extension String {
    /// Appends a JSON string literal (RFC 8259, section 7).
    fileprivate mutating func appendJSON(string: String) {
        append("\"")
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\u{0}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex)
            default: unicodeScalars.append(scalar)
            }
        }
        append("\"")
    }
}
