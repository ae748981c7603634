import SQLite
import Base
import FoundationEssentials
import Ledger
@testable import Engine
@testable import Functions
@testable import Identity
@testable import Recording
import Runtime
import Synchronization
import Testing
import TestSupport

/// What a recording keeps of invocations that came to nothing, and that they come to nothing again.
@Suite struct ReplayRefusalTests {
    @Test func cancelledInvocation_isCancelledAgain() async throws {
        let gate = Gate()
        let play = try await Play(
            [FunctionEntry(name: "listen", handler: "Listener")], Listener(onWait: { gate.open() }))
        func event(_ id: String, _ data: String) -> Event {
            var event = play.event(id, "")
            event.data = Array(data.utf8)
            return event
        }
        let waiting = event("cut", #"{"end":"waits","pieces":2}"#)
        let task = Task { await play.invoke(waiting, "listen") }
        await gate.wait()
        task.cancel()
        let outcome = await task.value
        #expect(outcome.status == 503 && outcome.json.contains("was cancelled"))
        let insisting = event("insists", #"{"end":"waits","pieces":3,"insists":true}"#)
        let other = Task { await play.invoke(insisting, "listen") }
        other.cancel()
        #expect(await other.value.json.contains("cut"))
        let recording = try play.recording()
        let (first, second) = (recording.invocations[0], recording.invocations[1])
        #expect(first.taken.isCancelled && first.taken.texts["voice"]?.isCut == true)
        #expect(!second.taken.isCancelled && second.taken.texts["voice"]?.isCut == true)
        #expect(second.commit != nil)
        let (result, _) = try await play.replay(recording, with: Listener())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.map(\.status) == [503, 200])
    }

    @Test func whatWasTooLarge_isKeptAsItsSizeAndDigest() async throws {
        let play = try await Play([.deed(), .deed("ops", .role("ops"))], Deed())
        var large = play.event(
            "large", "count", trigger: .socket(event: "$connect", connection: "c", host: "h"))
        large.data = Array(#"{"deed":"\#(String(repeating: "x", count: 980_000))"}"#.utf8)
        #expect(await play.invoke(large).status == 413)
        // Nobody has looked at these either.
        var secret = play.event("nobody", "count", as: nil)
        secret.data = Array(#"{"deed":"count","token":"\#(String(repeating: "y", count: 9_000))"}"#.utf8)
        #expect(await play.invoke(secret).status == 401)
        secret.id = "role"
        secret.credential = .verified(Claims(subject: "p"))
        #expect(await play.invoke(secret, "ops").status == 403)
        await play.invoke(play.event("short", "count", as: nil))
        let recording = try play.recording()
        let text = try String(contentsOf: URL(filePath: play.folder + "/events.ndjson"), encoding: .utf8)
        #expect(text.utf8.count < 4_000)
        let taken = recording.invocations.map(\.taken.leftOut)
        #expect(taken.map { $0?.bytes } == [large.data.count, secret.data.count, secret.data.count, nil])
        let digest = try #require(Cryptography.sha256(large.data))
        #expect(
            taken[0]?.digest == digest.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined())
        // A digest of what nobody may learn would tell it to whoever tries.
        let redacted = Redaction(fields: [])(secret.data)
        #expect(
            taken[1]?.digest
                == Cryptography.sha256(redacted)?.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }
                .joined())
        #expect(recording.invocations.prefix(3).allSatisfy { $0.event.data.isEmpty })
        #expect(!recording.invocations[3].event.data.isEmpty)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.map(\.status) == [413, 401, 403, 401])
    }

    @Test func thoseWhoWaitedForOneKey_areTurnedAwayAgain() async throws {
        var entry = FunctionEntry.deed("deed")
        entry.idempotencyKey = "key"
        let (entered, gate) = (Gate(), Gate())
        let play = try await Play(
            [entry],
            Deed(pause: { _ in
                entered.open()
                await gate.wait()
            }))
        func event(_ number: Int) -> Event {
            var event = play.event("r\(number)", "wait-once")
            event.idempotencyKey = "k"
            return event
        }
        let first = Task { await play.invoke(event(0)).status }
        await entered.wait()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 1...(KeysUnderWay.waiters + 3) {
                group.addTask { await play.invoke(event(number)).status }
            }
            var statuses: [Int] = []
            for await status in group {
                statuses.append(status)
                if statuses.count == 3 { gate.open() }
            }
            return statuses
        }
        #expect(await first.value == 200)
        #expect(statuses.count { $0 == 503 } == 3)
        let recording = try play.recording()
        #expect(recording.invocations.count { $0.taken.isCrowded } == 3)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func keysThatContradictEachOther_doSoAgain() async throws {
        var entry = FunctionEntry.deed("deed")
        entry.idempotencyKey = "key"
        let play = try await Play([entry], Deed(), redact: ["secret"])
        var event = play.event("r", "count")
        event.idempotencyKey = "a"
        event.data = Array(#"{"deed":"count","target":"1","key":"b"}"#.utf8)
        #expect(await play.invoke(event).status == 422)
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func aReadThatFailed_failsAgain_whateverTheFunctionMadeOfIt() async throws {
        let faulty = FaultyState()
        let play = try await Play(
            [FunctionEntry(name: "calm", handler: "Calm")], Calm(),
            faulty: faulty)
        for (index, fault) in [StoreError.busy, .io(code: 10), .corrupt].enumerated() {
            faulty.fail(at: .read, with: fault)
            let outcome = await play.invoke(play.event("r\(index)", ""), "calm")
            #expect(outcome.status == 200 && outcome.json.contains("not now"))
        }
        #expect(await play.invoke(play.event("last", ""), "calm").json.contains("3"))
        let recording = try play.recording()
        #expect(recording.invocations[1].taken.readFaults.map(\.read) == [1])
        let (result, _) = try await play.replay(recording, with: Calm())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    /// The disk is full at the unit of work, and its transaction had admitted the invocation.
    @Test func anAdmissionThatIsLostWithItsUnit_countsForNothing_alsoInTheReplay() async throws {
        var limits = StoreLimits()
        limits.maximumPages = 60
        // Admission and unit of work are in one transaction, however slow this test is.
        limits.openTransaction = .seconds(600)
        let rate = Limits(rate: [Rate(count: 3, window: .seconds(10))], body: 1 << 20)
        let play = try await Play(
            [FunctionEntry(name: "echo", handler: "Echo", limits: rate)], Echo(), store: limits)
        func event(_ id: String, _ length: Int) -> Event {
            var event = play.event(id, "")
            event.data = Array("\"\(String(repeating: "x", count: length))\"".utf8)
            return event
        }
        for id in ["a", "b", "c"] {
            #expect(await play.invoke(event(id, 400_000), "echo").status == 507)
        }
        for id in ["d", "e", "f"] { #expect(await play.invoke(event(id, 1), "echo").status == 200) }
        #expect(await play.invoke(event("g", 1), "echo").status == 429)
        let recording = try play.recording()
        #expect(
            recording.invocations.map { $0.admission != nil } == [
                false, false, false, true, true, true, true,
            ])
        let (result, _) = try await play.replay(recording, with: Echo())
        #expect(result.isComplete && result.invocations.count == 7)
        #expect(result.different.isEmpty, "\(result.account)")
    }

    /// Whatever the function's error says: only a commit can lose the admission.
    @Test func anAdmissionWhoseReadFailed_keepsItsPlace() async throws {
        let faulty = FaultyState()
        let play = try await Play([.deed()], Deed(), faulty: faulty)
        faulty.fail(at: .read, with: .admissionLost(full: false))
        #expect(await play.does("r", "count").status == 503)
        #expect(await play.does("next", "count").status == 200)
        let recording = try play.recording()
        #expect(recording.invocations.map { $0.admission != nil } == [true, true])
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.isComplete && result.invocations.count == 2)
        #expect(result.different.isEmpty, "\(result.account)")
    }

    /// Goes on without what it cannot read.
    private struct Calm: Function {
        func handle(_ input: Deed.Input, in context: Context) async throws -> [String] {
            let text: String
            do { text = String(try await context.read(Counter.self, "calm")?.value ?? 0) } catch {
                text = "not now"
            }
            let before = try await context.read(Counter.self, "calm")?.value ?? 0
            try context.save(Counter(id: "calm", value: before + 1))
            return [text]
        }
    }

    @Test func anEventOfSeveralMegabytes_endsNothing() async throws {
        let echo = FunctionEntry(name: "echo", handler: "Echo", limits: Limits(body: 16 << 20))
        let play = try await Play([echo, .deed()], Echo(), Deed())
        var large = play.event("large", "")
        large.data = Array(#"{"long":"\#(String(repeating: "\\n", count: 1_600_000))"}"#.utf8)
        #expect(await play.invoke(large, "echo").status == 200)
        await play.does("next", "count")
        let recording = try play.recording()
        #expect(recording.remarks.isEmpty)
        let (result, _) = try await play.replay(recording, with: Echo(), Deed())
        #expect(result.invocations.count == 2 && result.isComplete)
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test
    func dataThatNobodyShouldSend_makesNoLineUnreadable() async throws {
        let play = try await Play([FunctionEntry(name: "echo", handler: "Echo")], Echo())
        var texts = [#"{"\ud800":"\udc00"}"#, #"["\ud800"]"#, #"{"a":1,"a":2}"#]
        for depth in 95...135 {
            texts.append(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        }
        var statuses: Set<Int> = []
        for (index, text) in texts.enumerated() {
            var event = play.event("r\(index)", "")
            event.data = Array(text.utf8)
            statuses.insert(await play.invoke(event, "echo").status)
        }
        #expect(statuses.isSuperset(of: [200, 422]))
        let recording = try play.recording()
        #expect(recording.invocations.count == texts.count)
        #expect(recording.invocations.map(\.event.data) == texts.map { Array($0.utf8) })
        let (result, _) = try await play.replay(recording, with: Echo())
        #expect(result.different.isEmpty, "\(result.account)")
    }
}
