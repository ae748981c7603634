import Base
import Ledger
@testable import Engine
@testable import Functions
import Runtime
import SQLite
import Synchronization
import Testing
import TestSupport

@Suite struct EngineKeyTests {
    private static func entry(_ access: Access = .authenticated, _ limits: Limits = Limits()) -> FunctionEntry
    {
        var entry = FunctionEntry.probe(access, limits)
        entry.idempotencyKey = "key"
        return entry
    }

    /// Appends an entry, and says how often it ran.
    private static func counting(_ runs: Runs) -> Probe {
        Probe { input, context in
            let run = runs.count()
            if input.text == "refuse" { throw Problem(.conflict, "Not now.") }
            if input.text == "fail" && run == 1 { throw Problem(.conflict, "Not now.") }
            try context.append(["run": run], as: "ran", id: context.identifier("entry"), to: "s")
            return ["run": "\(run)"]
        }
    }

    private func runtime(_ limits: Limits = Limits(), access: Access = .authenticated) throws -> (
        TestRuntime, Runs
    ) {
        let runs = Runs()
        return (try TestRuntime([Self.entry(access, limits)], Self.counting(runs)), runs)
    }

    private func ask(
        _ runtime: TestRuntime, _ key: String?, _ text: String = "x", as player: String? = "player_1",
        address: String? = nil
    ) async throws -> Outcome {
        var event = runtime.event(#"{"text":"\#(text)"}"#, as: player)
        event.idempotencyKey = key
        event.address = address
        return try await runtime.invoke(event)
    }

    @Test func askingAgain_givesTheFirstAnswer_withoutRunningOrCounting() async throws {
        let (runtime, runs) = try runtime(Limits(rate: [Rate(count: 2, window: .seconds(60))]))
        let first = try await ask(runtime, "a")
        #expect(first.status == 202 && !first.isRepeated && first.rate?.remaining == 1)
        for _ in 0..<5 {
            let again = try await ask(runtime, "a")
            #expect(again.status == 202 && again.json == first.json && again.isRepeated)
            #expect(again.rate == nil && again.unit == UnitOfWork())
        }
        #expect(runs.value == 1)
        #expect(try await ask(runtime, "b").rate?.remaining == 0)
        #expect(try await ask(runtime, "c").status == 429)
        // What is used up does not matter to what was done.
        #expect(try await ask(runtime, "a").json == first.json)
        #expect(try await runtime.state.journal(stream: "s", last: 9).entries.count == 2)
    }

    @Test func withoutAKey_andOfAnotherCaller_itIsDoneEachTime() async throws {
        let (runtime, runs) = try runtime()
        for _ in 0..<2 { #expect(try await !ask(runtime, nil).isRepeated) }
        for player in ["player_1", "player_2"] {
            #expect(try await !ask(runtime, "a", as: player).isRepeated)
        }
        #expect(runs.value == 4)
    }

    @Test func aFunctionWithoutTheManifestsKey_looksAtNone() async throws {
        let runs = Runs()
        let runtime = try TestRuntime([.probe()], Self.counting(runs))
        for _ in 0..<2 { #expect(try await ask(runtime, "not a key").status == 202) }
        #expect(runs.value == 2)
    }

    @Test func guests_areToldApartByTheirAddress() async throws {
        let (runtime, runs) = try runtime(access: .none)
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.1", nil, nil] {
            _ = try await ask(runtime, "a", as: nil, address: address)
        }
        #expect(runs.value == 3)
    }

    @Test func theSameKey_withAnotherInput_isRefused() async throws {
        let (runtime, runs) = try runtime()
        _ = try await ask(runtime, "a", "x")
        let other = try await ask(runtime, "a", "y")
        #expect(other.status == 422)
        #expect(other.problem?.detail == "The idempotency key was used for another input. Use a new one.")
        #expect(runs.value == 1)
    }

    @Test func aBadKey_isRefused_andNothingIsDone() async throws {
        let (runtime, runs) = try runtime()
        #expect(try await ask(runtime, "not a key").status == 422)
        #expect(runs.value == 0)
    }

    @Test func whatChangedNothing_mayBeTriedAgain() async throws {
        let (runtime, runs) = try runtime()
        #expect(try await ask(runtime, "a", "fail").status == 409)
        #expect(try await ask(runtime, "a", "fail").status == 202)
        #expect(try await ask(runtime, "a", "fail").isRepeated)
        #expect(runs.value == 2)
    }

    @Test func answers_areKept_forTheRecoveryWindowBehindTheDeadline() async throws {
        let (runtime, runs) = try runtime(Limits(timeout: .seconds(5)))
        _ = try await ask(runtime, "a")
        runtime.advance(by: .milliseconds(124_999))
        #expect(try await ask(runtime, "a").isRepeated)
        runtime.advance(by: .milliseconds(1))
        #expect(try await !ask(runtime, "a").isRepeated)
        #expect(runs.value == 2)
    }

    @Test func tenAtOnce_areDoneOnce_andGetOneAnswer() async throws {
        let (entered, gate, runs) = (Gate(), Gate(), Runs())
        let runtime = try TestRuntime(
            [Self.entry(.authenticated, Limits(concurrency: 1))],
            Probe { _, context in
                let run = runs.count()
                entered.open()
                await gate.wait()
                try context.append(["run": run], as: "ran", id: context.identifier("entry"), to: "s")
                return ["run": "\(run)"]
            })
        let first = Task { try await ask(runtime, "a") }
        await entered.wait()
        let others = (0..<9).map { _ in Task { try await ask(runtime, "a") } }
        for _ in 0..<100 { await Task.yield() }
        gate.open()
        let answer = try await first.value.json
        for other in others {
            let outcome = try await other.value
            #expect(outcome.json == answer && outcome.isRepeated)
        }
        #expect(runs.value == 1)
        #expect(try await runtime.state.journal(stream: "s", last: 99).entries.count == 1)
    }

    @Test func whereTheFirstFails_theNextOneDoesIt() async throws {
        let (entered, gate, runs) = (Gate(), Gate(), Runs())
        let runtime = try TestRuntime(
            [Self.entry()],
            Probe { _, _ in
                let run = runs.count()
                entered.open()
                await gate.wait()
                if run < 3 { throw Problem(.conflict, "Not now.") }
                return ["run": "\(run)"]
            })
        let tasks = (0..<6).map { _ in Task { try await ask(runtime, "a") } }
        await entered.wait()
        gate.open()
        var statuses: [Int] = []
        for task in tasks { statuses.append(try await task.value.status) }
        #expect(statuses.sorted() == [202, 202, 202, 202, 409, 409])
        #expect(runs.value == 3)
    }

    @Test func moreThanMayWait_areToldSo() async throws {
        let (entered, gate) = (Gate(), Gate())
        let runtime = try TestRuntime(
            [Self.entry()],
            Probe { _, _ in
                entered.open()
                await gate.wait()
                return [:]
            })
        let first = Task { try await ask(runtime, "a") }
        await entered.wait()
        let refused = Runs()
        let others = (0..<KeysUnderWay.waiters + 3).map { _ in
            Task {
                let outcome = try await ask(runtime, "a")
                if outcome.status == 503 { _ = refused.count() }
                return outcome.status
            }
        }
        while refused.value < 3 { await Task.yield() }
        gate.open()
        var statuses = [try await first.value.status]
        for other in others { statuses.append(try await other.value) }
        #expect(statuses.count { $0 == 503 } == 3)
        #expect(statuses.count { $0 == 202 } == KeysUnderWay.waiters + 1)
    }

    @Test func whatAnotherProcessDid_isNotDoneAgain() async throws {
        let (entered, gate, runs) = (Gate(), Gate(), Runs())
        let runtime = try TestRuntime(
            [Self.entry()],
            Probe { _, context in
                _ = runs.count()
                entered.open()
                await gate.wait()
                try context.append(["a": 1], as: "ran", id: context.identifier("entry"), to: "s")
                return ["by": "us"]
            })
        let ours = Task { try await ask(runtime, "a") }
        await entered.wait()
        let key = try #require(
            IdempotencyKey("a")?.requestKey(
                function: "probe", scope: "player:player_1", input: Array(#"{"text":"x"}"#.utf8)))
        let other = try Store.file(runtime.directory.file("store.db")).open()
        let request = AdmissionRequest(
            function: "probe", now: runtime.now, session: nil, rates: [], concurrency: 9, key: key)
        guard case .admitted(let ticket, _) = try await other.admit(request) else { return }
        let answer = KeptAnswer(
            key: key, status: 202, json: #"{"by":"them"}"#, expiresAt: runtime.now + .seconds(9))
        _ = try await other.commit(
            UnitOfWork(answer: answer), at: runtime.now, ticket: ticket, completing: nil)
        gate.open()
        let outcome = try await ours.value
        #expect(outcome.json == #"{"by":"them"}"# && outcome.isRepeated)
        #expect(try await runtime.state.journal(stream: "s", last: 9).entries.isEmpty)
        #expect(runs.value == 1)
    }

    @Test func anAnswerThatWasTooLong_isToldToHaveBeenGiven() async throws {
        var limits = StoreLimits()
        limits.keptAnswerBytes = 5
        let runs = Runs()
        let runtime = try TestRuntime([Self.entry()], Self.counting(runs), storeLimits: limits)
        #expect(try await ask(runtime, "a").status == 202)
        let again = try await ask(runtime, "a")
        #expect(again.status == 409)
        #expect(again.problem?.detail == "It was done before; its answer was too long to be kept.")
        #expect(runs.value == 1)
    }

    @Test func jobs_haveNoKeys() async throws {
        let (runtime, runs) = try runtime()
        for _ in 0..<2 {
            let event = runtime.event(
                #"{"text":"x","key":"a"}"#, trigger: .queue(name: "q", group: "g"))
            #expect(try await runtime.invoke(event).status == 202)
        }
        #expect(runs.value == 2)
    }
}

/// How often something was done.
private final class Runs: Sendable {
    private let runs = Mutex(0)
    var value: Int { runs.withLock { $0 } }
    func count() -> Int {
        runs.withLock { runs in
            runs += 1
            return runs
        }
    }
}
