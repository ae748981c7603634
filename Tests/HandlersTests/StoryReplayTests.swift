import Base
import FoundationEssentials
import Game
import Runtime
import Testing
import TestSupport

/// What was told, joined, cut off and charged replays bit for bit, without the model and without a clock.
@Suite struct StoryReplayTests {
    private func replay(_ runtime: TestRuntime) async throws -> ReplayResult {
        runtime.recorder?.close()
        let recording = try Recording(folder: runtime.directory.file("recording"))
        var manifest = try TestRuntime.gameManifest(["STORY_RATE": "1000/minute"])
        manifest.auth = [TestRuntime.issuer]
        let replayer = try Replayer(
            recording, functions: TestRuntime.gameFunctions(Narrator(world: .builtIn)), manifest: manifest,
            stores: TestStore.engine, timers: ManualTimers(), executor: globalConcurrentExecutor)
        let copy = runtime.directory.file("replay.db")
        try FileManager.default.copyItem(atPath: recording.snapshotPath, toPath: copy)
        return try await replayer.run(store: copy)
    }

    private func expectIdentical(_ result: ReplayResult, except ids: Set<String> = []) {
        #expect(result.beyond == 0)
        #expect(result.remarks.isEmpty, "\(result.remarks)")
        let different = result.invocations.filter { !$0.isIdentical && !ids.contains($0.recorded.event.id) }
        #expect(different.isEmpty, "\(different.map { "\($0.recorded.function) \($0.recorded.answer)" })")
    }

    @Test func parallelTellings_andThoseWhoJoinThem() async throws {
        let model = ToldModel()
        let runtime = try TestRuntime.game(
            model: model, environment: ["STORY_RATE": "1000/minute"], records: true)
        var ids: [String] = []
        for _ in 0..<8 { ids.append(try await runtime.action(#"{"type":"look"}"#)) }
        let requests = ids.map { [$0] } + ids.map { [$0] } + [ids, Array(ids[2...5])]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in requests { group.addTask { _ = try await runtime.tell(request) } }
            try await group.waitForAll()
        }
        expectIdentical(try await replay(runtime))
    }

    @Test func fallbacks_andWhatTheyCost() async throws {
        for ending in [StoryPiece.fault(.cut), .fault(.connection)] {
            let runtime = try TestRuntime.game(
                model: ToldModel(ending: [ending]), environment: ["STORY_RATE": "1000/minute"], records: true)
            for _ in 0..<3 { _ = try await runtime.tell([try await runtime.action(#"{"type":"look"}"#)]) }
            expectIdentical(try await replay(runtime))
        }
    }

    /// The story of one who hung up is charged in a line of its own, which a replay repeats.
    @Test func aTellingThatWasCutOff_andTheNextOne() async throws {
        let gate = Gate()
        let model = ToldModel(gate: gate)
        let runtime = try TestRuntime.game(
            model: model, environment: ["STORY_RATE": "1000/minute"], records: true)
        let id = try await runtime.action(#"{"type":"look"}"#)
        let event = runtime.event(#"{"action_id":"\#(id)"}"#, id: "req_gone")
        let gone = Task { try await runtime.invoke(event, "story-generation") }
        await model.asked.wait()
        gone.cancel()
        _ = try await gone.value
        gate.open()
        #expect(try await runtime.tell([id]).status == 200)
        expectIdentical(try await replay(runtime), except: ["req_gone"])
    }
}
