/// Why a model's answer is no passage.
public enum PassageError: Error, Equatable, Sendable {
    /// The stream went on past the limit.
    case streamTooLong(maxBytes: Int)
    /// It is not JSON of a passage's shape; `path` is the place, such as `choices.1.label`, and empty where the
    /// text is no JSON object at all.
    case malformed(path: String)
    /// The story is blank.
    case blankStory
    /// The story is longer than 8,000 scalars.
    case storyTooLong(scalars: Int)
    /// There are not exactly three choices.
    case choiceCount(Int)
    /// The label of a choice is blank.
    case blankLabel(choice: Int)
    /// The label of a choice is longer than 80 scalars.
    case labelTooLong(choice: Int)
    /// The summary of a choice is blank.
    case blankSummary(choice: Int)
    /// The summary of a choice is longer than 300 scalars.
    case summaryTooLong(choice: Int)
    /// It gives its instructions away.
    case leak
    /// It has a role marker, a delimiter of prompts or a control character.
    case structure

    /// What is wrong in a few words, fit to be told to the model. Nothing of its answer or of a player stands there.
    public var complaint: String {
        switch self {
        case .streamTooLong: "it was far too long"
        case .malformed(let path):
            path.isEmpty
                ? "it was not one JSON object" : "the member \(path) was missing or of the wrong type"
        case .blankStory: "the story was empty"
        case .storyTooLong: "the story was longer than 8000 characters"
        case .choiceCount(let count): "it had \(count) choices and not exactly three"
        case .blankLabel: "a choice had no label"
        case .labelTooLong: "a choice's label was longer than 80 characters"
        case .blankSummary: "a choice had no summary"
        case .summaryTooLong: "a choice's summary was longer than 300 characters"
        case .leak: "it had a number or word that must never be written"
        case .structure: "it had mark-up, or the name of a role before a colon"
        }
    }

    /// The same for a log or a metric: one word.
    public var reason: String {
        switch self {
        case .streamTooLong: "too-long"
        case .malformed: "malformed"
        case .blankStory, .storyTooLong: "story"
        case .choiceCount, .blankLabel, .labelTooLong, .blankSummary, .summaryTooLong: "choices"
        case .leak: "leak"
        case .structure: "structure"
        }
    }
}
