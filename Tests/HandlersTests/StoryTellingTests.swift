import Base
import Game
import Ledger
import Runtime
@testable import StoryGeneration
import Synchronization
import Testing
import TestSupport

/// A story is told once, charged once, and never thrown away.
@Suite struct StoryTellingTests {
    private static let look = #"{"type":"look"}"#

    private final class Heard: Sendable {
        private let said = Mutex<[String]>([])
        func add(_ emit: Emit) { said.withLock { $0.append(emit.json) } }
        var all: [String] { said.withLock { $0 } }
    }

    /// What a player's tellings have taken from the budget.
    private func spent(_ runtime: TestRuntime, _ player: String = "player_1") async throws -> Int {
        try await runtime.state.journal(stream: TokenEntry.stream(of: player), last: 1_000).entries
            .map { try $0.decode(TokenEntry.self).tokens }.reduce(0, +)
    }

    private func stories(_ runtime: TestRuntime) async throws -> [StoryEntry] {
        try await runtime.journal("player_1").filter { $0.kind == StoryEntry.kind }
            .map { try $0.decode(StoryEntry.self) }
    }

    private func actions(_ count: Int, _ runtime: TestRuntime) async throws -> [String] {
        var ids: [String] = []
        for _ in 0..<count { ids.append(try await runtime.action(Self.look)) }
        return ids
    }

    private func tellAll(_ requests: [[String]], _ runtime: TestRuntime) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for ids in requests { group.addTask { try await runtime.tell(ids) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test(arguments: [4, 10]) func parallelRequests_askOnceAnAction_andChargeThat(_ count: Int) async throws {
        let model = ToldModel()
        let runtime = try TestRuntime.game(model: model, environment: ["STORY_RATE": "1000/minute"])
        let ids = try await actions(count, runtime)
        let told = try await tellAll(ids.map { [$0] }, runtime)
        #expect(told.allSatisfy { $0.status == 200 && $0.text("model") == "told" })
        #expect(model.prompts.count == count)
        #expect(try await spent(runtime) == count * ToldModel.cost.total)
        #expect(try await Set(stories(runtime).flatMap(\.actionIDs)) == Set(ids))
        let metrics = runtime.invoker.metrics.exposition([])
        let series =
            #"gestaloka_story_tokens_total{function="story-generation",direction="in",player_id="player_1"}"#
        #expect(metrics.contains("\(series) \(count * ToldModel.cost.input)\n"))
    }

    @Test(arguments: [4, 10]) func parallelRequestsForOneAction_areOneTelling(_ count: Int) async throws {
        let gate = Gate()
        let model = ToldModel(gate: gate)
        let runtime = try TestRuntime.game(model: model, environment: ["STORY_RATE": "1000/minute"])
        let id = try await runtime.action(Self.look)
        async let told = tellAll(Array(repeating: [id], count: count), runtime)
        await model.asked.wait()
        gate.open()
        let outcomes = try await told
        #expect(Set(outcomes.map(\.json)).count == 1)
        #expect(outcomes.allSatisfy { $0.status == 200 })
        #expect(outcomes.filter { !$0.emits.isEmpty }.count == 1)
        #expect(model.prompts.count == 1)
        #expect(try await stories(runtime).count == 1)
        #expect(try await spent(runtime) == ToldModel.cost.total)
    }

    @Test func batchesThatOverlap_tellEachActionOnce() async throws {
        let model = ToldModel()
        let runtime = try TestRuntime.game(model: model, environment: ["STORY_RATE": "1000/minute"])
        let ids = try await actions(6, runtime)
        let requests = [
            Array(ids[0...2]), Array(ids[1...4]), [ids[0]], [ids[5]], ids, [ids[3], ids[5]], ids,
        ]
        let told = try await tellAll(requests, runtime)
        #expect(told.allSatisfy { $0.status == 200 })
        let all = try await stories(runtime).flatMap(\.actionIDs)
        #expect(all.sorted() == ids.sorted(), "each once")
        #expect(try await model.prompts.count == stories(runtime).count)
        #expect(try await spent(runtime) == model.prompts.count * ToldModel.cost.total)
    }

    /// The narrator costs nothing, and tells once as well.
    @Test func theNarrator_tellsAnActionOnce() async throws {
        let runtime = try TestRuntime.game(environment: ["STORY_RATE": "1000/minute"])
        let id = try await runtime.action(Self.look)
        let told = try await tellAll(Array(repeating: [id], count: 10), runtime)
        #expect(Set(told.map(\.json)).count == 1)
        #expect(try await stories(runtime).count == 1)
    }

    @Test func whoJoins_hearsWhatIsThere_thenTheRest() async throws {
        let gate = Gate()
        let model = ToldModel(gate: gate)
        let runtime = try TestRuntime.game(model: model)
        let id = try await runtime.action(Self.look)
        let entry = try #require(runtime.invoker.manifest.function(named: "story-generation"))
        let (first, second) = (Heard(), Heard())
        let event = runtime.event(#"{"action_id":"\#(id)"}"#)
        let one = Task { await runtime.invoker.invoke(entry, event, live: first.add) }
        while first.all.isEmpty { await Task.yield() }
        let two = Task { await runtime.invoker.invoke(entry, event, live: second.add) }
        while second.all.isEmpty { await Task.yield() }
        #expect(second.all == first.all, "what has been said so far")
        gate.open()
        let (told, joined) = (await one.value, await two.value)
        #expect(told.json == joined.json)
        #expect(second.all == first.all)
        #expect(joined.event == "story_response")
        #expect(model.prompts.count == 1)
    }

    @Test func whatWasTold_isToldAgain_withoutTheModel() async throws {
        let model = ToldModel()
        let runtime = try TestRuntime.game(model: model, environment: ["STORY_RATE": "1000/minute"])
        let ids = try await actions(2, runtime)
        let first = try await runtime.tell([ids[0]])
        #expect(try await runtime.tell([ids[0]]).json == first.json)
        let both = try await runtime.tell(ids)
        #expect(both.object["action_ids"] == .array([.string(ids[1])]))
        // Behind as many entries as the model is shown, too.
        for id in try await actions(20, runtime) { _ = try await runtime.tell([id]) }
        #expect(try await runtime.tell([ids[0]]).json == first.json)
        #expect(model.prompts.count == 22)
        #expect(try await spent(runtime) == 22 * ToldModel.cost.total)
    }

    // MARK: Every call that was made is charged

    @Test func aPlayerWhoHangsUp_paysWhatWasSpent_byEstimate() async throws {
        let model = ToldModel(gate: Gate())
        let runtime = try TestRuntime.game(model: model)
        let id = try await runtime.action(Self.look)
        let telling = Task { try await runtime.tell([id]) }
        await model.asked.wait()
        telling.cancel()
        #expect(try await telling.value.status == 503)
        let line = runtime.lines.last
        guard case .integer(let input) = line["tokens_in"], case .integer(let output) = line["tokens_out"]
        else {
            Issue.record("nothing is counted: \(line)")
            return
        }
        #expect(input > 100)
        #expect(try await spent(runtime) == Int(input + output))
        #expect(
            runtime.invoker.metrics.exposition([]).contains(
                #"direction="in",player_id="player_1"} \#(input)"#))
        // And whoever comes next may tell it at once.
        let again = Task { try await runtime.tell([id]) }
        while model.prompts.count < 2 { await Task.yield() }
        again.cancel()
        _ = try await again.value
    }

    @Test func aTellingThatTakesTooLong_isChargedToo() async throws {
        let model = ToldModel(gate: Gate())
        let runtime = try TestRuntime.game(model: model)
        let id = try await runtime.action(Self.look)
        let telling = Task { try await runtime.tell([id]) }
        await model.asked.wait()
        runtime.timers.fire(after: .seconds(30))
        #expect(try await telling.value.status == 504)
        let stream = TokenEntry.stream(of: "player_1")
        while try await runtime.state.journal(stream: stream, last: 9).entries.count < 2 {
            await Task.yield()
        }
        #expect(try await (101..<2_000).contains(spent(runtime)))
    }

    @Test(arguments: [
        (StoryFault.timeout, true), (.cut, true), (.server, true), (.connection, false), (.busy, false),
        (.refused, false),
    ])
    func aFailedAnswer_costsWhatItMayHave_whereTheModelWasAtWork(_ fault: StoryFault, _ costs: Bool)
        async throws
    {
        let runtime = try TestRuntime.game(model: ToldModel(ending: [.fault(fault)]))
        let outcome = try await runtime.tell([try await runtime.action(Self.look)])
        #expect(outcome.text("model") == "built-in-narrator")
        #expect(try await (spent(runtime) > 0) == costs)
    }

    // MARK: The budget is reserved before

    @Test func whatIsUnderWay_isReserved_andWhatWasNotSpentIsGivenBack() async throws {
        let gate = Gate()
        let model = ToldModel(gate: gate)
        let runtime = try TestRuntime.game(model: model, environment: ["STORY_TOKENS": "500/day"])
        let ids = try await actions(3, runtime)
        let first = Task { try await runtime.tell([ids[0]]) }
        await model.asked.wait()
        #expect(try await spent(runtime) > 500, "reserved")
        #expect(try await runtime.tell([ids[1]]).text("model") == "built-in-narrator")
        gate.open()
        #expect(try await first.value.text("model") == "told")
        #expect(try await spent(runtime) == ToldModel.cost.total)
        #expect(try await runtime.tell([ids[2]]).text("model") == "told")
        #expect(model.prompts.count == 2)
    }

    @Test func ofTwoThatReserveAtOnce_theStoresOrderDecides() async throws {
        let model = ToldModel()
        let runtime = try TestRuntime.game(
            model: model, environment: ["STORY_TOKENS": "1/day", "STORY_RATE": "1000/minute"])
        let ids = try await actions(8, runtime)
        let told = try await tellAll(ids.map { [$0] }, runtime)
        #expect(told.filter { $0.text("model") == "told" }.count == 1)
        #expect(try await spent(runtime) == ToldModel.cost.total)
    }

    // MARK: Other processes

    @Test func anotherProcess_waitsForTheTelling_andHasItsStory() async throws {
        let gate = Gate()
        let (model, none) = (ToldModel(gate: gate), ToldModel())
        let runtime = try TestRuntime.game(model: model)
        let id = try await runtime.action(Self.look)
        let other = try TestRuntime.game(model: none, sharing: runtime)
        let first = Task { try await runtime.tell([id]) }
        await model.asked.wait()
        let second = Task { try await other.tell([id]) }
        while !other.timers.delays.contains(.milliseconds(100)) { await Task.yield() }
        gate.open()
        let told = try await first.value
        let joined = Task {
            while !Task.isCancelled {
                other.timers.fire(after: .milliseconds(100))
                await Task.yield()
            }
        }
        #expect(try await second.value.json == told.json)
        joined.cancel()
        #expect(none.prompts.isEmpty)
        #expect(try await spent(runtime) == ToldModel.cost.total)
    }

    /// What a process has claimed and did not live to tell: the job waits for a while, and then comes back once the claim
    /// has run out, with all of its time.
    @Test func aJob_whoseActionADeadProcessHasClaimed_comesBackWhenThatIsOver() async throws {
        let runtime = try TestRuntime.game(model: ToldModel())
        let id = try await runtime.action(Self.look)
        let until = (TestRuntime.start + .seconds(20)).milliseconds
        let body = #"{"by":"dead","id":"\#(id)","telling":"t","until":\#(until)}"#
        try await runtime.write([.save(kind: StoryClaim.kind, id: id, body: body)])
        let telling = Task { try await runtime.tell([id]) }
        while !runtime.timers.delays.contains(.milliseconds(100)) { await Task.yield() }
        runtime.spend(.seconds(16))
        runtime.timers.fire(after: .milliseconds(100))
        let outcome = try await telling.value
        #expect(outcome.status == 503)
        #expect(outcome.problem?.retryAfter == .seconds(20))
        runtime.advance(by: .seconds(21))
        #expect(try await runtime.tell([id]).text("model") == "told")
    }

    @Test func aProcessThatDied_losesItsClaimInTime_andOneWhoseClockWasAheadAtOnce() async throws {
        let hour = Duration.seconds(3_600)
        let now = TestRuntime.start
        func claim(_ until: Timestamp, story: String? = nil) -> StoryClaim {
            StoryClaim(by: "other", id: "a", story: story, telling: "t", until: until.milliseconds)
        }
        #expect(claim(now + .seconds(30)).isHeld(against: "own", at: now, lasting: 30_000))
        // Another process may have looked at the clock a little later.
        #expect(claim(now + .seconds(31)).isHeld(against: "own", at: now, lasting: 30_000))
        #expect(!claim(now).isHeld(against: "own", at: now, lasting: 30_000))
        #expect(!claim(now + hour * 8).isHeld(against: "own", at: now, lasting: 30_000))
        #expect(!claim(now + .seconds(30)).isHeld(against: "other", at: now, lasting: 30_000))
        #expect(!claim(now + .seconds(30), story: "s").isHeld(against: "own", at: now, lasting: 30_000))

        let model = ToldModel()
        let runtime = try TestRuntime.game(model: model)
        let id = try await runtime.action(Self.look)
        let body = #"{"by":"dead","id":"\#(id)","telling":"t","until":\#((now + hour * 8).milliseconds)}"#
        try await runtime.write([.save(kind: StoryClaim.kind, id: id, body: body)])
        #expect(try await runtime.tell([id]).text("model") == "told")
    }
}
