import Ledger
import Base
import FoundationEssentials
@testable import Engine
@testable import Functions
@testable import Manifest
@testable import Observability
@testable import Recording
import Runtime
import Testing
import TestSupport

@Suite struct ReplayerChangeTests {
    /// Counts on two counters, and looks.
    private func play() async throws -> Play {
        let play = try await Play([.deed()], Deed())
        for index in 0..<4 {
            await play.does("count\(index)", "count", "1")
            await play.does("look\(index)", "look", "other")
            await play.does("refuse\(index)", "refuse", "other")
        }
        await play.does("see", "look", "1")
        return play
    }

    @Test func changedRule_givesDifferences_inJustTheInvocationsItTouches() async throws {
        let play = try await play()
        let (result, _) = try await play.replay(with: Deed(step: 10))
        #expect(result.different == ["count0", "count1", "count2", "count3", "see"])
        let first = try #require(result.invocations.first)
        #expect(
            first.differences.map(\.path) == [
                "answer.body.value", "unit.writes[0].body.value", "unit.writes[1].body.value",
                "unit.writes[2].data.value", "log.value",
            ],
            "\(first.differences)")
    }

    @Test func alteredLine_givesExactlyThatOne() async throws {
        let play = try await play()
        _ = try play.recording()
        let file = play.folder + "/events.ndjson"
        let text = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
        let altered = text.replacing(
            #""answer":{"status":200,"body":{"text":"","value":3}}"#,
            with: #""answer":{"status":200,"body":{"text":"","value":33}}"#)
        #expect(altered != text)
        try Data(altered.utf8).write(to: URL(filePath: file))
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.different == ["count2"])
        let difference = try #require(result.invocations.first { !$0.isIdentical }?.differences)
        #expect(difference.count == 1)
    }

    @Test func update_acceptsTheDifferences() async throws {
        let play = try await play()
        // One that was recorded before the format had this version.
        let header = URL(filePath: play.folder + "/recording.json")
        let present = #""version":\#(RecordingFormat.version)"#
        let text = String(decoding: try Data(contentsOf: header), as: UTF8.self)
        #expect(text.contains(present))
        try Data(text.replacing(present, with: #""version":1"#).utf8).write(to: header)
        let recording = try play.recording()
        let changed = Deed(step: 10)
        let (again, _) = try await play.replay(recording, with: changed, renumbers: true)
        try recording.update(with: again)
        #expect(String(decoding: try Data(contentsOf: header), as: UTF8.self) == text)
        let updated = try Recording(folder: play.folder)
        #expect(updated.invocations.count == recording.invocations.count)
        #expect(updated.remarks.isEmpty)
        let (result, _) = try await play.replay(updated, with: changed)
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.beyond == 0)
        let (old, _) = try await play.replay(updated, with: Deed())
        #expect(old.different == ["count0", "count1", "count2", "count3", "see"])
        let mode =
            try FileManager.default.attributesOfItem(atPath: play.folder + "/events.ndjson")[
                .posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func update_withOtherNumbers_replaysToo() async throws {
        let play = try await play()
        let recording = try play.recording()
        // More effects and jobs, so that all numbers behind them are others; and another read of the journal.
        let (again, _) = try await play.replay(
            recording, with: Chatty(), renumbers: true,
            manifest: Manifest(functions: [FunctionEntry(name: "deed", handler: "Chatty")]))
        try recording.update(with: again)
        let updated = try Recording(folder: play.folder)
        #expect(updated.invocations.last?.commit ?? 0 > recording.invocations.last?.commit ?? 0)
        let (result, _) = try await play.replay(
            updated, with: Chatty(),
            manifest: Manifest(functions: [FunctionEntry(name: "deed", handler: "Chatty")]))
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.count == recording.invocations.count)
    }

    @Test func end_leavesTheStateInFrontOfAnInvocation_orBehindIt() async throws {
        let play = try await play()
        let recording = try play.recording()
        func value(_ end: Replayer.End) async throws -> (String?, Int) {
            let (result, store) = try await play.replay(recording, with: Deed(), end: end)
            #expect(result.different.isEmpty, "\(result.account)")
            let state = try Store.file(store).open()
            return (try await state.record(kind: "counter", id: "1")?.body, result.invocations.count)
        }
        // The third count is the seventh invocation.
        #expect(try await value(.before(7)) == (#"{"id":"1","value":2}"#, 6))
        #expect(try await value(.after(7)) == (#"{"id":"1","value":3}"#, 7))
        #expect(try await value(.before(1)) == (nil, 0))
        #expect(try await value(.after(99)) == (#"{"id":"1","value":4}"#, 13))
    }

    @Test func invocation_canBeRunOnTheStateInFrontOfIt() async throws {
        let play = try await play()
        let recording = try play.recording()
        let (_, store) = try await play.replay(recording, with: Deed(), end: .before(7))
        let state = try Store.file(store).open()
        let invoker = try Engine(
            manifest: Manifest(functions: [.deed()]), functions: FunctionSet(Deed()), state: state,
            platform: .system(timers: play.timers, executor: globalConcurrentExecutor),
            log: Log(level: nil, format: .json, sink: play.lines), settings: Settings(environment: [:]))
        let outcome = await invoker.invoke(.deed(), recording.invocations[6].event)
        #expect(outcome.json == recording.invocations[6].body)
    }

    @Test func before_anInvocationThatOthersCrossed_isTheStateOfItsCommit() async throws {
        let (entered, gate) = (Gate(), Gate())
        let pause: @Sendable (String) async throws -> Void = { _ in
            entered.open()
            await gate.wait()
        }
        let play = try await Play([.deed()], Deed(pause: pause))
        let first = Task { await play.does("first", "wait-a") }
        await entered.wait()
        for index in 0..<3 { await play.does("\(index)", "count") }
        gate.open()
        _ = await first.value
        let recording = try play.recording()
        let (result, store) = try await play.replay(recording, with: Deed(), end: .before(4))
        #expect(result.invocations.count == 3)
        #expect(
            try await Store.file(store).open().record(kind: "counter", id: "1")?.body
                == #"{"id":"1","value":3}"#)
        // In front of the second, the first one waits, and is let go.
        let (early, _) = try await play.replay(recording, with: Deed(), end: .before(2))
        #expect(early.invocations.map(\.recorded.event.id) == ["0"])
        #expect(early.different.isEmpty, "\(early.account)")
    }

    @Test func functionThatIsGone_isNamed() async throws {
        let play = try await play()
        await #expect(throws: RecordingError.self) {
            try await play.replay(with: Deed(), manifest: Manifest(functions: [.deed("other")]))
        }
        await #expect(throws: EngineError.self) { try await play.replay(with: Chatty()) }
    }

    @Test func hole_endsTheReplay_andSaysSo() async throws {
        let play = try await play()
        _ = try play.recording()
        let file = play.folder + "/events.ndjson"
        let text = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
        var lines = text.split(separator: "\n")
        lines.remove(at: 4)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.invocations.count == 4)
        #expect(result.beyond == 8)
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.remarks.count == 1)
    }

    @Test func crash_replaysUpToTheCut() async throws {
        let play = try await play()
        let bytes = [UInt8](
            try #require(
                {
                    _ = try play.recording();
                    return FileManager.default.contents(atPath: play.folder + "/events.ndjson")
                }()))
        for cut in stride(from: 0, through: bytes.count, by: bytes.count / 9) {
            try Data(bytes[..<cut]).write(to: URL(filePath: play.folder + "/events.ndjson"))
            let (result, _) = try await play.replay(with: Deed())
            #expect(
                result.invocations.count == bytes[..<cut].count { $0 == 0x0a } - (cut == bytes.count ? 1 : 0))
            #expect(result.different.isEmpty, "\(result.account)")
            #expect(result.remarks.isEmpty == (cut == bytes.count))
        }
    }
}

/// Another program altogether, that says more.
private struct Chatty: Function {
    func handle(_ input: Deed.Input, in context: Context) async throws -> Deed.Answer {
        for index in 0..<3 { try context.emit("said", ["n": index], to: ["r"]) }
        try context.enqueue(["a": 1], id: context.identifier("job"), on: "q", group: "g")
        let seen = try await context.journal("talk", last: 2).map(\.body)
        try context.append(["deed": input.deed], as: "said", id: context.identifier("entry"), to: "talk")
        return Deed.Answer(seen: seen)
    }
}
