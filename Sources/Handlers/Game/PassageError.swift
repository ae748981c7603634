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
}
