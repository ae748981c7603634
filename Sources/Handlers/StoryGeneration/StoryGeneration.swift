internal import Ledger
internal import Base
public import Game
public import Functions

/// The queue `story` and `POST /api/story/generate`: tells the next piece of story.
///
/// What the player did since the last one is answered together in one passage, told by the model and kept in the
/// journal. The player's sockets get it as `story_response`, and while it grows as `story_delta`
/// `{"action_id","seq","text"}`: `seq` counts from 0, and 0 begins anew.
///
/// An action is told once: whoever asks for it again gets that story, and while it is being told hears what is said of it
/// so far, and then the rest. Of a batch only what is not told yet is told.
///
/// A model's bad answer is asked for once more; where that one is bad too, or the model cannot be asked, the built-in
/// narrator tells the passage. Everything that the model says, its failures included, comes through
/// `Context.outside`, and so a replay has it again.
public struct StoryGeneration: Function {
    /// `{"action_id":"…"}`, or an array of such objects, oldest first.
    public struct Input: Decodable, Sendable {
        private struct Request: Decodable {
            let actionID: String

            private enum CodingKeys: String, CodingKey { case actionID = "action_id" }
        }

        let actionIDs: [String]

        /// Reads one request, or a batch of a queue.
        public init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                var ids: [String] = []
                while !list.isAtEnd { ids.append(try list.decode(Request.self).actionID) }
                actionIDs = ids
            } else {
                actionIDs = [try Request(from: decoder).actionID]
            }
        }
    }

    public typealias Output = StoryEntry

    private let world: World
    private let model: any StoryModel

    /// Stories of `world`, told by `model`.
    public init(world: World, model: any StoryModel) {
        self.world = world
        self.model = model
    }

    public var companions: [any Function] { [StoryLedger()] }

    public func objections(to entry: FunctionEntry) -> [String] { model.objections(hosts: entry.hosts) }

    public func validate(_ input: Input) throws(InvalidInput) {
        guard (1...256).contains(input.actionIDs.count) else {
            throw InvalidInput("", "must name 1 to 256 actions")
        }
    }

    public func handle(_ input: Input, in context: Context) async throws -> StoryEntry {
        let playerID = try context.playerID
        let stream = Player.stream(playerID)
        var actions: [(id: String, number: Int64, action: ActionEntry)] = []
        for id in input.actionIDs {
            guard let entry = try await context.journalEntry(id), entry.stream == stream,
                entry.kind == ActionEntry.kind
            else { throw Problem(.notFound, "There is no such action of this player.") }
            actions.append((id: id, number: entry.number, action: try entry.decode(ActionEntry.self)))
        }
        // Whoever asks for what is just being told hears that, and then finds it.
        try await context.turn(at: input.actionIDs.map { "story:" + $0 })
        let soFar = try await StoriesSoFar(stream, in: context)
        var told: StoryEntry?
        var untold: [(id: String, number: Int64, action: ActionEntry)] = []
        for action in actions {
            if let story = try await soFar.telling(of: action.id, at: action.number) {
                told = story
            } else {
                untold.append(action)
            }
        }
        guard let latest = untold.last else {
            if let told { return again(told, in: context) }
            throw Problem(.notFound, "There is no such action of this player.")
        }
        guard let location = world.location(latest.action.location) else {
            throw Problem(.notFound, "The action's location is not part of this world.")
        }
        let recent = try soFar.recent
        var telling = try await Telling(model, world, context, actionIDs: untold.map(\.id))
        // Nothing but a language model's passage needs the others: the narrator's stories read and write the less.
        let neighbours =
            telling.isLanguageModel
            ? try await PresenceEntry.others(at: location.id, than: playerID, in: context) : []
        let language = latest.action.language
        let prompt = StoryPrompt(
            language: language, location: location, playerName: latest.action.name,
            recent: recent.map(\.story),
            actions: untold.map { PromptAction(id: $0.id, type: $0.action.type, text: $0.action.text) },
            neighbours: neighbours,
            exits: location.exits.compactMap { world.location($0)?.name[language] },
            seed: context.random())
        let passage: Passage
        do {
            passage = try await telling.passage(prompt)
        } catch let already as Telling.AlreadyTold {
            guard let story = try await context.journalEntry(already.story) else { throw RunAgain() }
            return again(try story.decode(StoryEntry.self), in: context)
        }
        let story = StoryEntry(
            actionIDs: untold.map(\.id), passage: passage, locationID: location.id, model: telling.teller)
        let storyID = context.identifier("story")
        try context.append(story, as: StoryEntry.kind, id: storyID, to: stream)
        try context.emit("story_response", story, to: [Room.player(playerID)])
        if telling.isLanguageModel {
            try appear(latest.action, of: playerID, comingFrom: recent.last?.locationID, in: context)
        }
        try await telling.settle(as: storyID)
        context.log.message("Story generated")
        context.log.set("location", location.id)
        context.log.set("actions", .integer(Int64(untold.count)))
        telling.log()
        return story
    }

    /// What was told before; the player's sockets have got it already.
    private func again(_ story: StoryEntry, in context: Context) -> StoryEntry {
        context.endTurn()
        context.answers(as: "story_response")
        context.log.message("Story told before")
        context.log.set("location", story.locationID)
        return story
    }

    /// Lets the stories of others know of the player.
    private func appear(
        _ action: ActionEntry, of playerID: String, comingFrom last: String?, in context: Context
    ) throws {
        if let last, last != action.location {
            try context.append(
                PresenceEntry(action, of: playerID, left: true), as: PresenceEntry.kind,
                id: context.identifier("presence"), to: PresenceEntry.stream(last))
        }
        try context.append(
            PresenceEntry(action, of: playerID), as: PresenceEntry.kind, id: context.identifier("presence"),
            to: PresenceEntry.stream(action.location))
    }
}
