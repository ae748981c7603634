internal import Base
public import Game
public import Functions

/// `POST /api/player/action` and the socket event `player_action`: a player does something.
///
/// Journals it, tells everyone else at the location, and asks for the next piece of story.
public struct PlayerAction: Function {
    /// `{"type":"look|say|move|do","text":"…","location_id":"…"}`. A move names its destination in `location_id`;
    /// for the other types that is optional and must be where the player is. `text` may be left out of a look or move.
    public struct Input: Decodable, Sendable {
        let type: ActionType
        let text: String
        let locationID: String?

        private enum CodingKeys: String, CodingKey {
            case type, text
            case locationID = "location_id"
        }

        /// Reads the input, and sanitises its text.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard let type = ActionType(rawValue: try container.decode(String.self, forKey: .type)) else {
                let allowed = ActionType.allCases.map(\.rawValue).joined(separator: ", ")
                throw InvalidInput("/type", "must be one of \(allowed)")
            }
            self.type = type
            let needsText = type == .say || type == .do
            let text =
                needsText
                ? try container.decode(String.self, forKey: .text)
                : try container.decodeIfPresent(String.self, forKey: .text) ?? ""
            self.text = PlayerText.sanitise(text)
            guard !needsText || !PlayerText.isBlank(self.text) else {
                throw InvalidInput("/text", "has nothing left after sanitising")
            }
            locationID = try container.decodeIfPresent(String.self, forKey: .locationID)
        }
    }

    /// `{"action_id","job_id","location_id"}`: where the player is now, and the job that leads to a story.
    public struct Output: Encodable, Sendable {
        let actionID: String
        let jobID: String
        let locationID: String

        private enum CodingKeys: String, CodingKey {
            case actionID = "action_id"
            case jobID = "job_id"
            case locationID = "location_id"
        }
    }

    /// The event `world_update`; its fields stand in the order of their names, in which they are encoded.
    struct WorldUpdate: Encodable {
        struct Action: Encodable {
            let id: String
            let text: String
            let type: ActionType
        }

        let action: Action
        let locationID: String
        let playerID: String
        let playerName: String

        private enum CodingKeys: String, CodingKey {
            case action
            case locationID = "location_id"
            case playerID = "player_id"
            case playerName = "player_name"
        }
    }

    private struct StoryJob: Encodable {
        let actionID: String

        private enum CodingKeys: String, CodingKey { case actionID = "action_id" }
    }

    public static let successStatus = 202
    private let world: World

    /// Actions take place in `world`.
    public init(world: World) { self.world = world }

    public func handle(_ input: Input, in context: Context) async throws -> Output {
        var player = try await Player.ofCaller(in: context, world: world)
        let actionID = context.identifier("action")
        let jobID = context.identifier("job")
        context.log.message("Player action processed")
        context.log.set("action_type", input.type.rawValue)
        context.log.set("location", player.location)

        let left = player.location
        if input.type == .move {
            player.location = try destination(input, from: left)
            try context.save(player)
            try context.leave(Room.location(left), subject: player.id)
            try context.join(Room.location(player.location), subject: player.id)
            context.log.set("location", player.location)
        } else {
            try checkPresence(input, at: left)
        }

        let stream = Player.stream(player.id)
        let entry = ActionEntry(type: input.type, text: input.text, player: player)
        try context.append(entry, as: ActionEntry.kind, id: actionID, to: stream)
        try context.enqueue(StoryJob(actionID: actionID), id: jobID, on: "story", group: player.id)
        let update = WorldUpdate(
            action: WorldUpdate.Action(id: actionID, text: input.text, type: input.type),
            locationID: player.location, playerID: player.id, playerName: player.name)
        // A move is seen where the player left and where they arrive.
        let rooms = left == player.location ? [left] : [left, player.location]
        try context.emit(
            "world_update", update, to: rooms.map(Room.location), except: [Room.player(player.id)])
        return Output(actionID: actionID, jobID: jobID, locationID: player.location)
    }

    private func destination(_ input: Input, from here: String) throws -> String {
        guard let id = input.locationID else {
            throw InvalidInput("/location_id", "is missing: a move needs a destination")
        }
        try checkExistence(id)
        guard id != here else { throw Problem(.conflict, "You are at '\(here)' already.") }
        guard world.isNeighbour(here, id) else {
            let exits = world.location(here)?.exits.joined(separator: ", ") ?? ""
            throw Problem(
                .conflict, "There is no way from '\(here)' to '\(id)'. From here you can go to: \(exits).")
        }
        return id
    }

    private func checkPresence(_ input: Input, at here: String) throws {
        guard let id = input.locationID, id != here else { return }
        try checkExistence(id)
        throw Problem(.conflict, "You are at '\(here)', not at '\(id)'.")
    }

    private func checkExistence(_ id: String) throws {
        guard world.location(id) == nil else { return }
        let suggestion = nearest(id, among: world.locations.map(\.id)).map { "; did you mean '\($0)'?" } ?? ""
        throw InvalidInput("/location_id", "is not a known location\(suggestion)")
    }
}
