import Base
import Ledger
@testable import Engine
@testable import Functions
@testable import Observability
import Runtime
import Synchronization
import Testing
import TestSupport

/// A function that is run again, one that waits for another, and one that calls another.
@Suite struct EngineRunTests {
    private static let counter = Metrics.Counter("gestaloka_probe_total", "What a probe counts.")

    /// Counts calls, and makes a text of them.
    private final class Outside: Sendable {
        private let asked = Atomic<Int>(0)
        var count: Int { asked.load(ordering: .sequentiallyConsistent) }

        func text(_ pieces: [String] = ["a", "b"]) -> AsyncThrowingStream<String, any Error> {
            asked.add(1, ordering: .sequentiallyConsistent)
            return AsyncThrowingStream { continuation in
                for piece in pieces { continuation.yield(piece) }
                continuation.finish()
            }
        }
    }

    private final class Heard: Sendable {
        private let said = Mutex<[String]>([])
        func add(_ emit: Emit) { said.withLock { $0.append(emit.json) } }
        var all: [String] { said.withLock { $0 } }
    }

    private final class Records: InvocationObserver {
        private let kept = Mutex<[InvocationRecord]>([])
        func ended(_ record: InvocationRecord) { kept.withLock { $0.append(record) } }
        func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {}
        var all: [InvocationRecord] { kept.withLock { $0 } }
    }

    /// A runtime whose probe reads a counter that the test changes under it, `conflicts` times.
    private func contended(
        _ conflicts: Int, _ body: @escaping @Sendable (Context, _ run: Int) async throws -> [String: String]
    ) throws -> TestRuntime {
        let runs = Atomic<Int>(0)
        return try TestRuntime(
            [.probe()],
            Probe { _, context in
                let run = runs.add(1, ordering: .relaxed).newValue
                _ = try await context.read(Counter.self, "c")
                let answer = try await body(context, run)
                if run <= conflicts { try await Self.change("c", run, context.state) }
                return answer
            })
    }

    /// Somebody else's change of a counter.
    private static func change(_ id: String, _ value: Int, _ state: any SharedState) async throws {
        let request = AdmissionRequest(
            function: "other", now: TestRuntime.start, session: nil, rates: [], concurrency: 9)
        guard case .admitted(let ticket, _) = try await state.admit(request) else { return }
        let body = #"{"id":"\#(id)","value":\#(value)}"#
        _ = try await state.commit(
            UnitOfWork(writes: [.save(kind: Counter.kind, id: id, body: body)]), at: TestRuntime.start,
            ticket: ticket, completing: nil)
    }

    @Test func whatWasHadFromOutside_isKeptForAFurtherRun() async throws {
        let outside = Outside()
        let runtime = try contended(3) { context, _ in
            var heard = ""
            for try await piece in context.outside("world", { outside.text() }) { heard += piece }
            return ["heard": heard]
        }
        let outcome = try await runtime.invoke(runtime.event())
        #expect(outcome.json == #"{"heard":"ab"}"#)
        #expect(outside.count == 1)
    }

    @Test func aTextThatFailed_failsAgain() async throws {
        struct Failure: Error {}
        let asked = Atomic<Int>(0)
        let runtime = try contended(1) { context, _ in
            var heard = ""
            do {
                let text = context.outside("world") {
                    asked.add(1, ordering: .relaxed)
                    return AsyncThrowingStream { continuation in
                        continuation.yield("a")
                        continuation.finish(throwing: Failure())
                    }
                }
                for try await piece in text { heard += piece }
            } catch { heard += "!" }
            return ["heard": heard]
        }
        #expect(try await runtime.invoke(runtime.event()).json == #"{"heard":"a!"}"#)
        #expect(asked.load(ordering: .relaxed) == 1)
    }

    @Test func aFurtherRun_countsAndSaysOnlyWhatIsNew() async throws {
        let heard = Heard()
        let runtime = try contended(2) { context, run in
            context.count(Self.counter, [("kind", "a")], by: 5)
            context.count(Self.counter, [("kind", "a")], by: 2)
            if run == 2 { context.count(Self.counter, [("kind", "b")]) }
            for index in 0..<3 { try context.live("said", ["n": index], to: ["room"]) }
            if run == 3 { try context.live("said", ["n": 9], to: ["room"]) }
            return [:]
        }
        let entry = try #require(runtime.invoker.manifest.function(named: "probe"))
        let outcome = await runtime.invoker.invoke(entry, runtime.event(), live: heard.add)
        #expect(outcome.isSuccess)
        let metrics = runtime.invoker.metrics.exposition([])
        #expect(metrics.contains(#"gestaloka_probe_total{function="probe",kind="a"} 7"#))
        #expect(metrics.contains(#"gestaloka_probe_total{function="probe",kind="b"} 1"#))
        #expect(heard.all == [#"{"n":0}"#, #"{"n":1}"#, #"{"n":2}"#, #"{"n":9}"#])
    }

    @Test func theLogFields_ofARunThatWasAbandoned_areNotKept() async throws {
        let runtime = try contended(1) { context, run in
            context.log.set(run == 1 ? "abandoned" : "kept", "yes")
            if run == 1 { context.log.message("Abandoned") }
            return [:]
        }
        #expect(try await runtime.invoke(runtime.event()).isSuccess)
        #expect(runtime.lines.last["abandoned"] == nil)
        #expect(runtime.lines.last["kept"] == .string("yes"))
        #expect(runtime.lines.last["message"] == .string("Invocation processed"))
    }

    // MARK: Turns

    @Test func whoComesSecond_hearsWhatTheFirstSays_andThenFindsWhatItDid() async throws {
        let (begun, gate, waits) = (Gate(), Gate(), Gate())
        let runs = Mutex<[String]>([])
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                runs.withLock { $0.append(input.text) }
                if input.text != "first" { waits.open() }
                try await context.turn(at: ["key"])
                if try await context.read(Counter.self, "c") != nil { return ["found": input.text] }
                try context.live("said", ["n": 1], to: ["room"])
                begun.open()
                await gate.wait()
                try context.live("said", ["n": 2], to: ["room"])
                try context.save(Counter(id: "c", value: 1))
                return ["did": input.text]
            })
        let entry = try #require(runtime.invoker.manifest.function(named: "probe"))
        let (first, second) = (Heard(), Heard())
        let one = Task {
            await runtime.invoker.invoke(entry, runtime.event(#"{"text":"first"}"#), live: first.add)
        }
        await begun.wait()
        let two = Task {
            await runtime.invoker.invoke(entry, runtime.event(#"{"text":"second"}"#), live: second.add)
        }
        await waits.wait()
        while second.all.isEmpty { await Task.yield() }
        gate.open()
        #expect(await one.value.json == #"{"did":"first"}"#)
        #expect(await two.value.json == #"{"found":"second"}"#)
        #expect(first.all == [#"{"n":1}"#, #"{"n":2}"#])
        #expect(second.all == first.all)
        #expect(runs.withLock { $0 } == ["first", "second", "second"])
    }

    @Test func whoWaits_goesOn_whereTheFirstFails() async throws {
        let (begun, gate) = (Gate(), Gate())
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                try await context.turn(at: ["key"])
                if input.text == "first" {
                    begun.open()
                    await gate.wait()
                    throw Problem(.failed, "no")
                }
                return ["did": input.text]
            })
        let one = Task { try await runtime.invoke(runtime.event(#"{"text":"first"}"#)) }
        await begun.wait()
        let others = (0..<20).map { index in
            Task { try await runtime.invoke(runtime.event(#"{"text":"other \#(index)"}"#)) }
        }
        gate.open()
        #expect(try await one.value.status == 500)
        for other in others { #expect(try await other.value.status == 202) }
    }

    @Test func whoIsCancelled_whileItWaits_ends() async throws {
        let (begun, gate) = (Gate(), Gate())
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                try await context.turn(at: ["key"])
                begun.open()
                await gate.wait()
                return [:]
            })
        let one = Task { try await runtime.invoke(runtime.event()) }
        await begun.wait()
        let two = Task { try await runtime.invoke(runtime.event()) }
        two.cancel()
        #expect(try await two.value.status == 503)
        gate.open()
        #expect(try await one.value.isSuccess)
    }

    // MARK: Companions

    /// Counts how often it is called, in the store.
    struct Tally: Function {
        func handle(_ input: [String: String], in context: Context) async throws -> [String: Int] {
            if input["refuse"] != nil { throw Problem(.conflict, "Not: this.") }
            let id = try context.subject
            let value = (try await context.read(Counter.self, id)?.value ?? 0) + 1
            try context.save(Counter(id: id, value: value))
            return ["value": value]
        }
    }

    /// Calls it.
    struct Caller: Function {
        let body: @Sendable (Context, _ value: Int?) async throws -> [String: String]
        var companions: [any Function] { [Tally()] }

        func handle(_ input: [String: String], in context: Context) async throws -> [String: String] {
            let reply = try await context.call("Tally", input, as: "tally", for: [String: Int].self)
            return try await body(context, reply?["value"])
        }
    }

    private static let caller = FunctionEntry(name: "caller", handler: "Caller")

    @Test func whatACompanionDoes_isOnDisk_whateverBecomesOfTheCaller() async throws {
        let runtime = try TestRuntime([Self.caller], Caller { _, _ in throw Problem(.failed, "no") })
        #expect(runtime.invoker.manifest.function(named: "tally")?.triggers.isEmpty == true)
        #expect(try await runtime.invoke(runtime.event("{}"), "caller").status == 500)
        #expect(try await runtime.state.record(kind: Counter.kind, id: "player_1")?.version == 1)
    }

    @Test func aCompanion_isCalledOnceAnInvocation() async throws {
        let runs = Atomic<Int>(0)
        let runtime = try TestRuntime(
            [Self.caller],
            Caller { context, value in
                _ = try await context.read(Counter.self, "other")
                if runs.add(1, ordering: .relaxed).newValue == 1 {
                    try await Self.change("other", 1, context.state)
                }
                return ["value": "\(value ?? -1)"]
            })
        #expect(try await runtime.invoke(runtime.event("{}"), "caller").json == #"{"value":"1"}"#)
        #expect(runs.load(ordering: .relaxed) == 2)
        #expect(try await runtime.state.record(kind: Counter.kind, id: "player_1")?.version == 1)
    }

    @Test func aCompanionsRefusal_isTheCallers() async throws {
        let runtime = try TestRuntime([Self.caller], Caller { _, _ in [:] })
        let outcome = try await runtime.invoke(runtime.event(#"{"refuse":"yes"}"#), "caller")
        #expect(outcome.status == 409)
        #expect(outcome.problem?.detail == "Not: this.")
    }

    @Test func aReplay_callsNobody() async throws {
        let runtime = try TestRuntime([Self.caller], Caller { _, value in ["value": "\(value ?? -1)"] })
        let entry = try #require(runtime.invoker.manifest.function(named: "caller"))
        var taken = Taken(seed: 1)
        taken.texts["tally"] = OutsideText.Record(pieces: [
            OutsideText.Piece(text: #"{"value":7}"#, delay: .zero)
        ])
        let again = await runtime.invoker.invoke(entry, runtime.event("{}"), replaying: taken)
        #expect(again.json == #"{"value":"7"}"#)
        taken.texts["tally"] = OutsideText.Record(failure: "conflict: Not: this.")
        #expect(await runtime.invoker.invoke(entry, runtime.event("{}"), replaying: taken).status == 409)
        let none = await runtime.invoker.invoke(entry, runtime.event("{}"), replaying: Taken(seed: 1))
        #expect(none.json == #"{"value":"-1"}"#)
        #expect(try await runtime.state.record(kind: Counter.kind, id: "player_1") == nil)
    }
}

extension Context {
    /// The store behind it.
    fileprivate var state: any SharedState {
        get throws { try #require(backend as? LiveWorld).engine.state }
    }
}
