internal import Base
internal import Game
internal import Ledger
internal import Functions

/// The passages that a player was told, as far as they are looked for.
struct StoriesSoFar {
    /// How many earlier passages the model sees, and how many entries are searched for them.
    static let recentPassages = 3
    static let searchedEntries = 24
    /// How many are searched for an action that is older.
    static let allEntries = 1_000

    private let entries: [JournalEntry]
    private let stream: String
    private let context: Context

    /// Those of a player's stream.
    init(_ stream: String, in context: Context) async throws {
        self.stream = stream
        self.context = context
        entries = try await context.journal(stream, last: Self.searchedEntries)
    }

    /// The latest passages, oldest first.
    var recent: [StoryEntry] {
        get throws {
            try entries.filter { $0.kind == StoryEntry.kind }.suffix(Self.recentPassages)
                .map { try $0.decode(StoryEntry.self) }
        }
    }

    /// The passage that tells of the action at a number of the store's order; nil where there is none.
    func telling(of actionID: String, at number: Int64) async throws -> StoryEntry? {
        if let story = try Self.telling(of: actionID, at: number, in: entries) { return story }
        guard entries.count == Self.searchedEntries, let first = entries.first, first.number > number else {
            return nil
        }
        return try await Self.telling(
            of: actionID, at: number, in: context.journal(stream, last: Self.allEntries))
    }

    /// A story stands behind what it tells of: nothing before is looked at.
    private static func telling(of actionID: String, at number: Int64, in entries: [JournalEntry]) throws
        -> StoryEntry?
    {
        for entry in entries.reversed() where entry.kind == StoryEntry.kind {
            guard entry.number > number else { return nil }
            let story = try entry.decode(StoryEntry.self)
            if story.actionIDs.contains(actionID) { return story }
        }
        return nil
    }
}
