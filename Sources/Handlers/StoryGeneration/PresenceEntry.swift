internal import Ledger
internal import Base
internal import Game
internal import Functions

/// That a player did something at a place, as the place's own stream of the journal keeps it for the stories of others:
/// who is there is thus read without a conflict with those who come and go.
struct PresenceEntry: Codable, Sendable, Equatable {
    /// The journal's word for this kind of entry.
    static let kind = "presence"
    /// How long somebody who does nothing counts as there.
    static let lasting = Duration.seconds(15 * 60)
    /// How many others a story is told of, and how many entries are searched for them.
    static let neighbours = 8
    static let searchedEntries = 32

    // In the order of their names, in which they are encoded.
    /// Whether they are gone from here.
    let left: Bool
    /// The player's name at the time.
    let name: String
    /// The player.
    let playerID: String
    /// What they wrote, sanitised.
    let text: String
    /// What they did.
    let type: ActionType

    private enum CodingKeys: String, CodingKey {
        case left, name
        case playerID = "player_id"
        case text, type
    }

    /// A player's action at the place, or their leaving it.
    init(_ action: ActionEntry, of playerID: String, left: Bool = false) {
        self.left = left
        name = action.name
        self.playerID = playerID
        text = left ? "" : action.text
        type = action.type
    }

    /// The journal's stream of a place.
    static func stream(_ location: String) -> String { "location:" + location }

    /// The others who were at a place lately, each with the last thing they did, the latest last.
    static func others(at location: String, than playerID: String, in context: Context) async throws
        -> [StoryPrompt.Neighbour]
    {
        var seen: Set<String> = [playerID]
        var found: [StoryPrompt.Neighbour] = []
        for entry in try await context.journal(stream(location), last: searchedEntries).reversed() {
            // Nobody was there later than now: that was said while the clock was ahead.
            guard entry.kind == kind, entry.at + lasting > context.now, entry.at <= context.now + .seconds(60)
            else {
                continue
            }
            let presence = try entry.decode(PresenceEntry.self)
            guard seen.insert(presence.playerID).inserted, !presence.left else { continue }
            found.append(StoryPrompt.Neighbour(name: presence.name, type: presence.type, text: presence.text))
            if found.count == neighbours { break }
        }
        return found.reversed()
    }
}
