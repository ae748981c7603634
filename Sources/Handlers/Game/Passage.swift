import FoundationEssentials

/// The limits of a passage, whatever model tells it.
enum PassageLimits {
    static let storyScalars = 8_000
    static let choices = 3
    static let labelScalars = 80
    static let summaryScalars = 300
}

/// One piece of story and the three things the player may do next.
public struct Passage: Codable, Sendable, Equatable {
    /// The text of the story, 1 to 8,000 scalars.
    public let story: String
    /// Exactly three.
    public let choices: [Choice]

    /// A passage of checked parts.
    public init(story: String, choices: [Choice]) throws(PassageError) {
        guard !PlayerText.isBlank(story) else { throw .blankStory }
        let length = story.unicodeScalars.count
        guard length <= PassageLimits.storyScalars else { throw .storyTooLong(scalars: length) }
        guard choices.count == PassageLimits.choices else { throw .choiceCount(choices.count) }
        for (index, choice) in choices.enumerated() {
            guard !PlayerText.isBlank(choice.label) else { throw .blankLabel(choice: index) }
            guard choice.label.unicodeScalars.count <= PassageLimits.labelScalars else {
                throw .labelTooLong(choice: index)
            }
            guard !PlayerText.isBlank(choice.summary) else { throw .blankSummary(choice: index) }
            guard choice.summary.unicodeScalars.count <= PassageLimits.summaryScalars else {
                throw .summaryTooLong(choice: index)
            }
        }
        self.story = story
        self.choices = choices
    }

    private struct Answer: Decodable {
        let story: String
        let choices: [Choice]
    }

    /// Reads a model's whole answer, one JSON object. Members that a passage does not have are ignored.
    public init(parsing json: String) throws(PassageError) {
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(json.utf8))
        } catch {
            throw .malformed(path: (error as? DecodingError)?.path ?? "")
        }
        try self.init(story: answer.story, choices: answer.choices)
    }

    /// Reads a passage that was stored, with the same checks.
    public init(from decoder: any Decoder) throws {
        let answer = try Answer(from: decoder)
        try self.init(story: answer.story, choices: answer.choices)
    }
}
