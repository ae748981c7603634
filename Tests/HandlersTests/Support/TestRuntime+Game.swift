import Broadcast
import FoundationEssentials
import Game
import GuestSession
import Ledger
import PlayerAction
import Runtime
import SocketConnect
import SocketDisconnect
import StoryGeneration
import TestSupport

extension TestRuntime {
    /// The functions that are tested here under the manifest that is shipped, over a store of the test's own.
    static func game(
        guests: Bool = true, model: any StoryModel = Narrator(world: .builtIn),
        environment: [String: String] = [:], sharing other: TestRuntime? = nil, records: Bool = false
    ) throws -> TestRuntime {
        try TestRuntime(
            gameManifest(guests: guests, environment), gameFunctions(model), environment: environment,
            sharing: other, records: records)
    }

    /// The manifest that is shipped, with those of its functions that are tested here.
    static func gameManifest(guests: Bool = true, _ environment: [String: String] = [:]) throws -> Manifest {
        var variables = environment
        variables["GUESTS"] = guests ? "true" : "false"
        var manifest = try Manifest(contentsOf: manifestPath, environment: variables)
        let tested = Set(gameFunctions(Narrator(world: .builtIn)).names)
        manifest.functions.removeAll { !tested.contains($0.handler) }
        return manifest
    }

    /// The functions that are tested here, with a model.
    static func gameFunctions(_ model: any StoryModel) -> FunctionSet {
        let world = World.builtIn
        return FunctionSet(
            GuestSession(world: world), PlayerAction(world: world),
            StoryGeneration(world: world, model: model), SocketConnect(world: world), SocketDisconnect(),
            Broadcast())
    }

    private static let manifestPath = URL(filePath: #filePath)
        .appending(path: "../../../../functions.yaml").standardizedFileURL.path

    /// The action of a player, over HTTP as most come.
    func act(_ data: String, as player: String = "player_1", id: String = "req_1") async throws -> Outcome {
        try await invoke(
            event(data, as: player, trigger: .http(method: "POST", path: "/api/player/action"), id: id),
            "player-action")
    }

    /// Acts, and returns the action's id.
    func action(_ data: String, as player: String = "player_1") async throws -> String {
        try await act(data, as: player).text("action_id")
    }

    /// The next passage for one action or several.
    func tell(_ actionIDs: [String], as player: String = "player_1") async throws -> Outcome {
        let requests = actionIDs.map { #"{"action_id":"\#($0)"}"# }
        let data = requests.count == 1 ? requests[0] : "[\(requests.joined(separator: ","))]"
        return try await invoke(
            event(data, as: player, trigger: .queue(name: "story", group: player)), "story-generation")
    }

    /// Keeps a player in the store.
    func keep(_ player: Player) async throws {
        let body = String(decoding: try JSONEncoder().encode(player), as: UTF8.self)
        try await write([.save(kind: Player.kind, id: player.id, body: body)])
    }

    func player(_ id: String) async throws -> Player? {
        try await state.record(kind: Player.kind, id: id).map {
            try JSONDecoder().decode(Player.self, from: Data($0.body.utf8))
        }
    }

    /// What the journal says of a player.
    func journal(_ player: String) async throws -> [JournalEntry] {
        try await state.journal(stream: Player.stream(player), last: 100).entries
    }
}

extension Outcome {
    /// The answer.
    var object: [String: JSONValue] {
        (try? JSONDecoder().decode([String: JSONValue].self, from: Data(json.utf8))) ?? [:]
    }

    /// A text of the answer; empty where there is none.
    func text(_ name: String) -> String {
        if case .string(let text) = object[name] { text } else { "" }
    }

    /// What was emitted.
    var emits: [Emit] {
        unit.writes.compactMap { if case .emit(let emit) = $0 { emit } else { nil } }
    }
}

extension Emit {
    /// What was sent.
    var object: [String: JSONValue] {
        (try? JSONDecoder().decode([String: JSONValue].self, from: Data(json.utf8))) ?? [:]
    }
}
