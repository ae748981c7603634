import Base
import Ledger
import Runtime
import SQLite
import Synchronization
import Testing
import TestSupport

@Suite struct EngineCommitTests {
    @Test func aThrow_changesNothing() async throws {
        struct Failure: Error {}
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                try context.save(Counter(id: "c", value: 1))
                try context.append(["a": 1], as: "action", id: "entry", to: "stream")
                try context.enqueue(["a": 1], id: "job", on: "story", group: "player_1")
                if input.text == "throw" { throw Failure() }
                return [:]
            })
        let failed = try await runtime.invoke(runtime.event(#"{"text":"throw"}"#))
        #expect(failed.status == 500)
        #expect(failed.unit == UnitOfWork())
        #expect(try await runtime.state.record(kind: "counter", id: "c") == nil)
        #expect(try await runtime.state.journalEntry(id: "entry") == nil)
        #expect(try await runtime.state.nextJob(queue: "story") == nil)

        let done = try await runtime.invoke(runtime.event())
        #expect(done.isSuccess)
        #expect(done.unit.writes.count == 3)
        #expect(try await runtime.state.record(kind: "counter", id: "c")?.body == #"{"id":"c","value":1}"#)
        #expect(try await runtime.state.journalEntry(id: "entry") != nil)
        #expect(try await runtime.state.nextJob(queue: "story") != nil)
    }

    @Test func aConflict_runsTheFunctionAgain_withTheSameIDs() async throws {
        let (entered, gate) = (Gate(), Gate())
        let ids = Mutex<[String]>([])
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                var counter = try await context.read(Counter.self, "c") ?? Counter(id: "c", value: 0)
                if input.text == "slow" {
                    ids.withLock { $0.append(context.identifier("action")) }
                    entered.open()
                    await gate.wait()
                }
                counter.value += 1
                try context.save(counter)
                // What was saved is read again, within one invocation.
                return ["value": "\(try await context.read(Counter.self, "c")?.value ?? -1)"]
            })
        let slow = Task { try await runtime.invoke(runtime.event(#"{"text":"slow"}"#)) }
        await entered.wait()
        #expect(try await runtime.invoke(runtime.event()).json == #"{"value":"1"}"#)
        gate.open()
        #expect(try await slow.value.json == #"{"value":"2"}"#)
        let seen = ids.withLock { $0 }
        #expect(seen.count == 2)
        #expect(seen.first == seen.last)
        #expect(try await runtime.state.record(kind: "counter", id: "c")?.version == 2)
    }

    @Test func endlessConflicts_giveUp_andTheDeadlineCoversAllRuns() async throws {
        let runs = Mutex(0)
        let box = Mutex<TestRuntime?>(nil)
        let probe = Probe { input, context in
            let runtime = box.withLock { $0 }
            _ = try await context.read(Counter.self, "c")
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            // Somebody else is always faster.
            try await runtime?.write([.save(kind: "counter", id: "c", body: #"{"id":"c","value":\#(run)}"#)])
            if input.text == "slow" { runtime?.spend(.seconds(2)) }
            return [:]
        }
        let runtime = try TestRuntime(
            [.probe(.authenticated, Limits(timeout: .seconds(5), concurrency: 1))], probe)
        box.withLock { $0 = runtime }
        let busy = try await runtime.invoke(runtime.event())
        #expect(busy.status == 503)
        #expect(busy.problem?.retryAfterSeconds == 1)
        #expect(runs.withLock { $0 } == 16)
        #expect(try await runtime.invokeWhenFree(runtime.event(#"{"text":"slow"}"#)).status == 504)
        #expect(runs.withLock { $0 } == 19)
        // Its place is free again.
        #expect(try await runtime.invokeWhenFree(runtime.event("{")).status == 400)
        box.withLock { $0 = nil }
    }

    @Test func aClaim_isDoneWithTheCommit_orNotAtAll() async throws {
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                if input.text == "throw" { throw Problem(.conflict, "Not now.") }
                try context.save(Counter(id: "c", value: 1))
                return [:]
            })
        try await runtime.write([
            .enqueue(queue: "story", group: "player_1", id: "job_1", payload: "{}", traceparent: nil)
        ])
        let claims = try await runtime.state.claimJobs(
            queue: "story", owner: "host", now: runtime.now, leaseUntil: runtime.now + .seconds(30),
            groups: 8,
            batch: 8)
        let claim = try #require(claims.first)
        let event = runtime.event(trigger: .queue(name: "story", group: "player_1"))
        var bad = event
        bad.data = Array(#"{"text":"throw"}"#.utf8)
        #expect(try await runtime.invoke(bad, completing: claim).status == 409)
        #expect(try await runtime.state.queueDepths().first?.waiting == 1)
        #expect(try await runtime.invoke(event, completing: claim).isSuccess)
        #expect(try await runtime.state.queueDepths().first?.waiting ?? 0 == 0)
        // A lease that is gone: nothing of the second run is kept.
        let late = try await runtime.invoke(event, completing: claim)
        #expect(late.status == 503)
        #expect(try await runtime.state.record(kind: "counter", id: "c")?.version == 1)
    }

    @Test func aFullStore_is507_andKeepsNothing() async throws {
        var limits = StoreLimits()
        limits.maximumPages = 64
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                try context.append(["a": 1], as: "action", id: "entry", to: "stream")
                try context.save(Large(id: "l", text: String(repeating: "x", count: input.count ?? 1)))
                return [:]
            }, storeLimits: limits)
        let outcome = try await runtime.invoke(runtime.event(#"{"text":"x","count":1000000}"#))
        #expect(outcome.status == 507)
        #expect(outcome.problem?.kind == .storeFull)
        #expect(try await runtime.state.journalEntry(id: "entry") == nil)
        #expect(try await runtime.invoke(runtime.event()).isSuccess)
    }

    private struct Large: StoredRecord {
        static let kind = "large"
        let id: String
        let text: String
    }

    @Test func aClosedStore_is503() async throws {
        let runtime = try TestRuntime([.probe()], Probe())
        await runtime.state.close()
        let outcome = try await runtime.invoke(runtime.event())
        #expect(outcome.status == 503)
        #expect(outcome.problem?.retryAfterSeconds == 1)
        #expect(runtime.lines.last["error"] == .string("the store is closed"))
    }

    @Test func theSameSeed_givesTheSameAnswer() async throws {
        func run() async throws -> [String] {
            let runtime = try TestRuntime(
                [.probe()],
                Probe { _, context in ["id": context.identifier("a"), "n": "\(context.random())"] })
            return [
                try await runtime.invoke(runtime.event()).json,
                try await runtime.invoke(runtime.event()).json,
            ]
        }
        let (first, second) = (try await run(), try await run())
        #expect(first == second)
        #expect(first[0] != first[1])
    }

    @Test func theLogLine_hasTheGuidesFields() async throws {
        let runtime = try TestRuntime(
            [.probe()],
            Probe { _, context in
                context.log.message("Player action processed")
                context.log.set("action_type", "look")
                context.log.set("location", "square")
                context.log.set("status", "forged")
                return [:]
            })
        var event = runtime.event(trigger: .http(method: "POST", path: "/x"))
        event.trace = TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03")
        let outcome = try await runtime.invoke(event)
        let line = runtime.lines.last
        #expect(line["message"] == .string("Player action processed"))
        #expect(line["player_id"] == .string("player_1"))
        #expect(line["action_type"] == .string("look"))
        #expect(line["location"] == .string("square"))
        #expect(line["status"] == .integer(202))
        #expect(line["success"] == .bool(true))
        #expect(line["duration"] == .integer(0))
        #expect(line["request_id"] == .string("req_1"))
        #expect(line["time"] == .string("2026-01-01T00:00:00.000Z"))
        #expect(line["trace_id"] == .string("0af7651916cd43dd8448eb211c80319c"))
        #expect(line["span_id"].map { $0 != .string("b7ad6b7169203331") } == true)
        #expect(outcome.trace?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(outcome.trace?.flags == "01")
        #expect(runtime.lines.all.count == 1)
        #expect(runtime.lines.all[0].ranges(of: "\"status\":").count == 1)
    }
}
