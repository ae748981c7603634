/// A piece of story, as the journal keeps it and the player receives it.
public struct StoryEntry: Codable, Sendable, Equatable {
    /// The journal's word for this kind of entry.
    public static let kind = "story"

    /// The latest of the actions that it answers.
    public let actionID: String
    /// All of them, oldest first.
    public let actionIDs: [String]
    /// The passage.
    public let story: String
    /// Three things to do next.
    public let choices: [Choice]
    /// Where the player is.
    public let locationID: String
    /// What told it.
    public let model: String

    private enum CodingKeys: String, CodingKey {
        case actionID = "action_id"
        case actionIDs = "action_ids"
        case story, choices
        case locationID = "location_id"
        case model
    }

    /// A passage that answers `actionIDs`, of which there is at least one.
    public init(actionIDs: [String], passage: Passage, locationID: String, model: String) {
        actionID = actionIDs.last ?? ""
        self.actionIDs = actionIDs
        story = passage.story
        choices = passage.choices
        self.locationID = locationID
        self.model = model
    }
}
