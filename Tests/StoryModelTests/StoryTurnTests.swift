import Base
import FoundationEssentials
import Game
import Ledger
import Runtime
import StoryGeneration
@testable import StoryModels
import Synchronization
import Testing
import TestSupport

/// The function with a model on a server process: what players, logs, metrics, the store and a recording get of it.
@Suite struct StoryTurnTests {
    private final class Ear: LiveAudience {
        private let heard = Mutex<[Emit]>([])
        func tell(_ emit: Emit) { heard.withLock { $0.append(emit) } }
        var all: [Emit] { heard.withLock { $0 } }
    }

    private struct Delta: Decodable {
        let action_id: String
        let seq: Int
        let text: String
    }

    private let server: ModelServer
    init() throws { server = try ModelServer.shared.get() }

    private func runtime(
        _ scenario: String, tokens: Rate? = nil, hosts: [String]? = nil, model: LanguageModel? = nil
    ) async throws -> TestRuntime {
        let entry = FunctionEntry(
            name: "story", handler: "StoryGeneration",
            limits: Limits(timeout: .seconds(30), budget: tokens), hosts: hosts ?? [server.host])
        let world = World.builtIn
        let runtime = try TestRuntime(
            [entry], StoryGeneration(world: world, model: model ?? server.model(scenario)))
        try await act(runtime, "action_1")
        return runtime
    }

    private func act(
        _ runtime: TestRuntime, _ id: String, as player: String = "player_1", name: String = "Ayu",
        text: String = "Hello"
    ) async throws {
        let player = Player(id: player, name: name, language: .en, location: World.builtIn.start)
        let body = try JSONEncoder().encode(ActionEntry(type: .say, text: text, player: player))
        try await runtime.write([
            .append(
                stream: Player.stream(player.id), kind: ActionEntry.kind, id: id,
                body: String(decoding: body, as: UTF8.self))
        ])
    }

    private func tell(_ runtime: TestRuntime, _ id: String = "action_1", as player: String = "player_1")
        async throws -> Outcome
    {
        try await runtime.invoke(runtime.event(#"{"action_id":"\#(id)"}"#, as: player), "story")
    }

    /// Who tells of a new action.
    private func teller(_ runtime: TestRuntime, _ id: String, as player: String = "player_1") async throws
        -> String
    {
        try await act(runtime, id, as: player)
        return try story(try await tell(runtime, id, as: player)).model
    }

    private func story(_ outcome: Outcome) throws -> StoryEntry {
        try JSONDecoder().decode(StoryEntry.self, from: Data(outcome.json.utf8))
    }

    @Test func aTurn_isToldByTheModel_andShownWhileItGrows() async throws {
        let runtime = try await runtime("slow")
        let ear = Ear()
        runtime.invoker.audience = ear
        let outcome = try await tell(runtime)
        #expect(outcome.status == 200)
        let story = try story(outcome)
        #expect(story.model == "test-model")
        let deltas = try ear.all.map { try JSONDecoder().decode(Delta.self, from: Data($0.json.utf8)) }
        #expect(deltas.map(\.text).joined() == story.story)
        #expect(deltas.map(\.seq) == Array(deltas.indices))
        #expect(deltas.allSatisfy { $0.action_id == "action_1" })
        #expect(ear.all.allSatisfy { $0.event == "story_delta" && $0.rooms == ["player:player_1"] })
        let line = runtime.lines.last
        #expect(line["model"] == .string("test-model"))
        #expect(line["tokens_in"] == .integer(321) && line["tokens_out"] == .integer(45))
        #expect(line["fallback"] == nil && line["level"] == .string("info"))
        let metrics = runtime.invoker.metrics.exposition([])
        let tokens = #"gestaloka_story_tokens_total{function="story",direction="#
        #expect(metrics.contains(tokens + #""in",player_id="player_1"} 321"#))
        #expect(metrics.contains(tokens + #""out",player_id="player_1"} 45"#))
    }

    @Test func theCallerOfOneInvocation_hearsItToo() async throws {
        let runtime = try await runtime("good")
        let ear = Ear()
        let entry = try #require(runtime.invoker.manifest.function(named: "story"))
        _ = await runtime.invoker.invoke(entry, runtime.event(#"{"action_id":"action_1"}"#), live: ear.tell)
        #expect(!ear.all.isEmpty)
    }

    @Test(arguments: [
        ("bad", "choices", 2), ("leak", "leak", 2), ("role", "structure", 2), ("key", "refused", 1),
        ("half", "cut", 1),
        ("error", "server", 1), ("busyfor", "rate", 1), ("endless", "too-long", 2), ("length", "length", 1),
        ("tiny", "context", 1), ("stubborn", "refused", 1),
    ])
    func whatCannotBeUsed_isToldByTheNarrator(_ scenario: String, _ reason: String, _ attempts: Int64)
        async throws
    {
        let runtime = try await runtime(scenario)
        let ear = Ear()
        runtime.invoker.audience = ear
        let outcome = try await tell(runtime)
        #expect(outcome.status == 200)
        let story = try story(outcome)
        #expect(story.model == "built-in-narrator")
        #expect(runtime.lines.last["fallback"] == .string(reason))
        #expect(runtime.lines.last["level"] == .string("warning"))
        #expect(runtime.lines.last["attempts"] == .integer(attempts))
        #expect(
            runtime.invoker.metrics.exposition([]).contains(
                #"gestaloka_story_fallbacks_total{function="story",reason="\#(reason)"} 1"#))
        // What was shown of the bad answer began anew with the narrator's.
        let deltas = try ear.all.map { try JSONDecoder().decode(Delta.self, from: Data($0.json.utf8)) }
        let last = deltas.lastIndex { $0.seq == 0 } ?? 0
        #expect(deltas[last...].map(\.text).joined() == story.story)
        #expect(!deltas.map(\.text).joined().contains("System:"))
    }

    @Test func aBadAnswer_isAskedForOnceMore() async throws {
        let runtime = try await runtime("badonce")
        #expect(try story(try await tell(runtime)).model == "test-model")
        #expect(runtime.lines.last["attempts"] == .integer(2))
        #expect(runtime.lines.last["tokens_in"] == .integer(642))
        guard case .object(let body) = try server.seen("badonce").last?["body"],
            case .array(let messages) = body["messages"],
            case .object(let system) = messages.first, case .string(let text) = system["content"]
        else {
            Issue.record("no request")
            return
        }
        #expect(text.contains("could not be used: it was not one JSON object"))
    }

    @Test(arguments: ["thinks", "thinksunopened", "rawbreaks", "halves"])
    func whatIsShown_isTheStory_andNoThought(_ scenario: String) async throws {
        let runtime = try await runtime(scenario)
        let ear = Ear()
        runtime.invoker.audience = ear
        let story = try story(try await tell(runtime))
        #expect(story.model == "test-model")
        let deltas = try ear.all.map { try JSONDecoder().decode(Delta.self, from: Data($0.json.utf8)) }
        #expect(deltas.map(\.text).joined() == story.story)
        #expect(deltas.map(\.seq) == Array(deltas.indices))
    }

    /// The answer was whole, and the model went on.
    @Test func anAnswerBeforeItsCutEnd_isTold() async throws {
        let runtime = try await runtime("wholelength")
        #expect(try story(try await tell(runtime)).model == "test-model")
        #expect(runtime.lines.last["attempts"] == .integer(1))
    }

    @Test func aRetry_isLoggedAndCounted_withItsReason() async throws {
        let runtime = try await runtime("unnamed-log")
        #expect(try story(try await tell(runtime)).model == "test-model")
        #expect(runtime.lines.last["retried"] == .string("schema"))
        #expect(
            runtime.invoker.metrics.exposition([]).contains(
                #"gestaloka_story_retries_total{function="story",reason="schema"} 1"#))
    }

    @Test func aHostThatIsNotListed_isNotAsked() async throws {
        let runtime = try await runtime("good", hosts: [])
        #expect(try story(try await tell(runtime)).model == "built-in-narrator")
        #expect(runtime.lines.last["fallback"] == .string("host"))
    }

    @Test func overTheBudget_theNarratorTells_untilTheNextDay() async throws {
        let runtime = try await runtime("good", tokens: Rate(count: 500, window: .seconds(86_400)))
        for (index, expected) in ["test-model", "test-model", "built-in-narrator"].enumerated() {
            #expect(try await teller(runtime, "a\(index)") == expected)
        }
        #expect(runtime.lines.last["fallback"] == .string("budget"))
        #expect(try await teller(runtime, "b", as: "player_2") == "test-model")
        runtime.advance(by: .seconds(86_400))
        #expect(try await teller(runtime, "c") == "test-model")
    }

    /// A new session is no new budget: guests of one place share one, beside each one's own.
    @Test func guestsFromOnePlace_shareABudget() async throws {
        let runtime = try await runtime("good", tokens: Rate(count: 500, window: .seconds(86_400)))
        for (number, origin) in [(1, "from_a"), (2, "from_a"), (3, "from_b")] {
            let id = "player_\(number)"
            let body = #"{"id":"\#(id)","origin":"\#(origin)","used":0,"window":0}"#
            try await runtime.write([.save(kind: TokenBudget.kind, id: id, body: body)])
        }
        for (index, (number, expected)) in [
            (1, "test-model"), (2, "test-model"), (2, "built-in-narrator"), (1, "built-in-narrator"),
            (3, "test-model"),
        ].enumerated() {
            let teller = try await teller(runtime, "a\(index)", as: "player_\(number)")
            #expect(teller == expected, "player_\(number)")
        }
        runtime.advance(by: .seconds(86_400))
        #expect(try await teller(runtime, "b1") == "test-model")
        #expect(try await teller(runtime, "b2", as: "player_2") == "test-model")
        #expect(try await teller(runtime, "b3", as: "player_2") == "built-in-narrator")
    }

    @Test func othersAtThePlace_standInThePrompt_asData() async throws {
        let runtime = try await runtime("good", model: server.model("good", name: "others"))
        try await act(runtime, "action_2", as: "player_2", name: "Rin", text: "I juggle lanterns")
        _ = try await tell(runtime, "action_2", as: "player_2")
        _ = try await tell(runtime)
        let last = try server.seen("good").last { request in
            guard case .object(let body) = request["body"] else { return false }
            return body["model"] == .string("others")
        }
        guard case .object(let body) = last?["body"], case .array(let messages) = body["messages"],
            case .object(let system) = messages.first, case .string(let rules) = system["content"],
            case .object(let user) = messages.last, case .string(let data) = user["content"]
        else {
            Issue.record("no request")
            return
        }
        #expect(data.contains("Rin") && data.contains("I juggle lanterns") && data.contains("Hello"))
        #expect(!rules.contains("Rin") && !rules.contains("Hello"))
    }

    @Test(arguments: ["good", "fenced", "bad", "key", "flaky-replay", "half"])
    func aReplay_isTheSame_whereThereIsNoModel(_ scenario: String) async throws {
        let live = try await runtime(scenario)
        let entry = try #require(live.invoker.manifest.function(named: "story"))
        let observer = Observer()
        let invoker = try Engine(
            manifest: live.invoker.manifest,
            functions: FunctionSet(
                StoryGeneration(world: .builtIn, model: server.model(scenario, key: "sk-secret"))),
            state: live.state, platform: live.invoker.platform,
            log: Log(level: .error, format: .json, sink: LogLines()), settings: Settings(environment: [:]),
            observer: observer)
        let event = live.event(#"{"action_id":"action_1"}"#)
        let told = await invoker.invoke(entry, event)
        #expect(told.status == 200)
        let record = try #require(observer.all.last)
        #expect(!"\(record)".contains("sk-secret"))

        let world = World.builtIn
        let other = try TestRuntime([entry], StoryGeneration(world: world, model: Narrator(world: world)))
        try await act(other, "action_1")
        let ear = Ear()
        other.invoker.audience = ear
        // What the story had decided before the model was asked stands in lines of their own.
        for record in observer.all.dropLast() {
            let ledger = try #require(other.invoker.manifest.function(named: record.function))
            #expect(
                await other.invoker.invoke(ledger, record.event, replaying: record.taken).json
                    == record.outcome.json)
        }
        let again = await other.invoker.invoke(entry, event, replaying: record.taken)
        #expect(again.json == told.json)
        #expect(again.unit.writes == told.unit.writes)
        #expect(ear.all.isEmpty)
        for name in ["model", "tokens_in", "tokens_out", "fallback", "attempts", "retries"] {
            let value = record.fields.first { $0.0 == name }?.1
            switch value {
            case .string(let text): #expect(other.lines.last[name] == .string(text), "\(name)")
            case .integer(let number): #expect(other.lines.last[name] == .integer(number), "\(name)")
            default: #expect(other.lines.last[name] == nil, "\(name)")
            }
        }
    }

    private final class Observer: InvocationObserver {
        private let kept = Mutex<[InvocationRecord]>([])
        func ended(_ record: InvocationRecord) { kept.withLock { $0.append(record) } }
        func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {}
        var all: [InvocationRecord] { kept.withLock { $0 } }
    }
}
