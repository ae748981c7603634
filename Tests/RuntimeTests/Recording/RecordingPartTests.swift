import Base
import FoundationEssentials
import Ledger
@testable import Engine
@testable import Functions
@testable import Manifest
@testable import Observability
@testable import Recording
import Runtime
import Synchronization
import Testing
import TestSupport

/// A part of a recording that another process writes.
@Suite struct RecordingPartTests {
    /// What `gestaloka token` does, beside the one that plays.
    private func write(
        _ play: Play, _ part: RecordingPart, _ writes: [UnitOfWork.Write], session: String? = nil,
        between: () async -> Void = {}
    ) async throws {
        let request = AdmissionRequest(
            function: "token", now: play.now, session: session, rates: [], concurrency: 1)
        guard case .admitted(let ticket, _) = try await play.state.admit(request) else { return }
        await between()
        guard
            case .committed(let number) = try await play.state.commit(
                UnitOfWork(writes: writes), at: play.now, ticket: ticket, completing: nil)
        else { return }
        part.wrote(
            writes, by: "token", at: play.now, session: session, admission: ticket.number, commit: number)
    }

    @Test func sessionsOfAnotherProcess_openAndEndAgain() async throws {
        let play = try await Play([.deed()], Deed())
        let part = try RecordingPart(beside: .file(play.store), log: .none, platform: Play.platform)
        func event(_ id: String) -> Event {
            var event = play.event(id, "count")
            event.credential = .verified(Claims(subject: "p", session: "session_1"))
            return event
        }
        #expect(await play.invoke(event("early")).status == 401)
        let session = UnitOfWork.Write.openSession(
            id: "session_1", subject: "p", expiresAt: play.now + .seconds(60))
        // Another invocation comes between its admission and its commit.
        try await write(play, part, [session]) { await play.does("between", "count") }
        #expect(await play.invoke(event("live")).status == 200)
        try await write(play, part, [.revokeSession(id: "session_1")], session: "session_1")
        #expect(await play.invoke(event("late")).status == 401)
        part.close()
        let recording = try play.recording()
        #expect(recording.writes.count == 2)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.map(\.status) == [401, 200, 200, 401] && result.isComplete)

        let (again, _) = try await play.replay(recording, with: Deed(step: 2), renumbers: true)
        try recording.update(with: again)
        let updated = try Recording(folder: play.folder)
        #expect(updated.writes.count == 2)
        #expect(!FileManager.default.fileExists(atPath: play.folder + "/" + RecordingFormat.events(2)))
        let (second, _) = try await play.replay(updated, with: Deed(step: 2))
        #expect(second.different.isEmpty && second.isComplete, "\(second.account)")
    }

    @Test func withoutThePart_theReplayEndsThere() async throws {
        let play = try await Play([.deed()], Deed())
        let part = try RecordingPart(beside: .file(play.store), log: .none, platform: Play.platform)
        await play.does("first", "count")
        try await write(
            play, part, [.openSession(id: "s", subject: "p", expiresAt: play.now + .seconds(60))])
        await play.does("second", "count")
        part.close()
        try FileManager.default.removeItem(atPath: play.folder + "/" + RecordingFormat.events(2))
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.beyond == 1 && !result.isComplete && result.hole != nil)
    }

    @Test func whatCannotBeWritten_isTold_andAFolderThatIsGoneHurtsNobody() async throws {
        let play = try await Play([.deed()], Deed())
        let lines = LogLines()
        let part = try RecordingPart(
            beside: .file(play.store), log: Log(level: .debug, format: .json, sink: lines),
            platform: Play.platform)
        try FileManager.default.moveItem(atPath: play.folder, toPath: play.folder + "-away")
        for id in ["s", "u"] {
            try await write(
                play, part, [.openSession(id: id, subject: "p", expiresAt: play.now + .seconds(60))])
        }
        #expect(lines.all.count == 1 && lines.all[0].contains("A recording has a gap"))
        play.recorder.close()
        try await write(
            play, part, [.openSession(id: "t", subject: "p", expiresAt: play.now + .seconds(60))])
        #expect(lines.all.count == 1)
    }

    /// Another process on a store.
    private final class Other: Sendable {
        let part: RecordingPart
        private let opened: TestStore
        private let engine: Engine

        /// Another for each process, so that no two make the same ids.
        private final class Seeds: Sendable {
            private static let processes = Atomic<UInt64>(0)
            private let last = Atomic<UInt64>(
                Seeds.processes.add(1, ordering: .relaxed).newValue * 1_000_000)
            func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
        }

        init(_ store: String, _ deed: Deed = Deed()) throws {
            opened = try TestStore(store)
            part = try RecordingPart(beside: .file(store), log: .none, platform: Play.platform)
            let seeds = Seeds()
            var platform = Play.platform
            platform.seed = { seeds.next() }
            engine = try Engine(
                manifest: Manifest(auth: [TestRuntime.issuer], functions: [.deed()]),
                functions: FunctionSet(deed), state: opened.state, platform: platform, log: .none,
                settings: Settings(environment: [:]), observer: part)
        }

        deinit {
            part.close()
            opened.close()
        }

        @discardableResult
        func does(_ id: String, _ deed: String, _ target: String = "1") async -> Outcome {
            let event = Event(
                id: id, time: TestRuntime.start, trigger: .direct,
                credential: .verified(Claims(subject: "player_2")),
                data: Array(#"{"deed":"\#(deed)","target":"\#(target)"}"#.utf8))
            return await engine.invoke(engine.manifest.functions[0], event)
        }
    }

    private func recorder(_ folder: String, of store: String, limits: Recorder.Limits = Recorder.Limits())
        throws -> Recorder
    {
        try Recorder(
            folder: folder, of: .file(store),
            manifest: Manifest(auth: [TestRuntime.issuer], functions: [.deed()]),
            yaml: Array("version: 1\n".utf8),
            environment: [:], program: "test 1", redact: [], log: .none, platform: Play.platform,
            limits: limits)
    }

    /// Replays what was recorded at a folder.
    private func replay(_ folder: String, renumbers: Bool = false) async throws -> ReplayResult {
        let recording = try Recording(folder: folder)
        let replayer = try Replayer(
            recording, functions: FunctionSet(Deed()),
            manifest: Manifest(auth: [TestRuntime.issuer], functions: [.deed()]), stores: TestStore.engine,
            timers: ManualTimers(), executor: globalConcurrentExecutor)
        let copies = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: recording.snapshotPath, toPath: copies.file("copy.db"))
        return try await replayer.run(store: copies.file("copy.db"), renumbers: renumbers)
    }

    @Test func severalProcesses_areOneRecording() async throws {
        let play = try await Play([.deed()], Deed())
        let others = try [Other(play.store), Other(play.store)]
        for round in 0..<5 {
            await play.does("a\(round)", "count")
            for (index, other) in others.enumerated() {
                await other.does("b\(index)-\(round)", round % 2 == 0 ? "look" : "count")
            }
            await play.does("c\(round)", round == 3 ? "fail" : "refuse")
        }
        for other in others { other.part.close() }
        let recording = try play.recording()
        #expect(recording.invocations.count == 20 && recording.remarks.isEmpty)
        #expect(
            recording.invocations.map(\.number) == recording.invocations.map(\.number).sorted { $0! < $1! })
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty && result.isComplete, "\(result.account)")
    }

    @Test func whatIsUnderWayAsARecordingBegins_isReplayed() async throws {
        let directory = try TemporaryDirectory()
        let (store, folder) = (directory.file("store.db"), directory.file("recording"))
        let (reached, gate) = (Gate(), Gate())
        defer { gate.open() }
        let other = try Other(
            store,
            Deed { _ in
                reached.open()
                await gate.wait()
            })
        await other.does("before", "count")
        let underWay = Task {
            defer { reached.open() }
            return await other.does("under-way", "wait-x", "2")
        }
        await reached.wait()
        let recorder = try recorder(folder, of: store)
        gate.open()
        let outcome = await underWay.value
        #expect(outcome.status == 200, "\(outcome.json)")
        await other.does("behind", "count")
        other.part.close()
        recorder.close()
        let recording = try Recording(folder: folder)
        #expect(recording.invocations.map(\.event.id) == ["under-way", "behind"])
        #expect(recording.invocations[0].wasAdmittedBefore)
        var result = try await replay(folder)
        #expect(result.different.isEmpty && result.isComplete, "\(result.account)")
        // Written anew it is the same again.
        try await recording.update(with: replay(folder, renumbers: true))
        result = try await replay(folder)
        #expect(result.different.isEmpty && result.isComplete, "\(result.account)")
        #expect(result.invocations.count == 2)
    }

    @Test func aRefusalWithoutACommit_isSeen_inFrontOfTheSnapshotOrInTheRecording() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("store.db")
        let other = try Other(store)
        // Its admission is not committed as it ends: no recording may begin between the two.
        for round in 0..<20 {
            let folder = directory.file("recording-\(round)")
            async let ended = other.does("a\(round)", "fail")
            let recorder = try recorder(folder, of: store)
            _ = await ended
            await other.does("b\(round)", "count")
            recorder.close()
            other.part.close()
            let result = try await replay(folder)
            #expect(result.isComplete && result.different.isEmpty, "\(result.account)")
            #expect(result.invocations.contains { $0.recorded.event.id == "b\(round)" })
        }
    }

    @Test func oneRecordingAfterTheOther_hasWhatIsIts() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("store.db")
        let other = try Other(store)
        await other.does("unheard", "count")
        for name in ["first", "second"] {
            let folder = directory.file(name)
            let recorder = try recorder(folder, of: store)
            await other.does(name, "count")
            recorder.close()
            // It may be told of, and is no part of it.
            await other.does("late", "count")
            let result = try await replay(folder)
            #expect(result.different.isEmpty && result.isComplete, "\(result.account)")
            #expect(result.invocations.first?.recorded.event.id == name)
            #expect(!result.invocations.contains { $0.recorded.event.id == "late" })
        }
    }

    @Test func theLimit_isThatOfAllParts() async throws {
        let directory = try TemporaryDirectory()
        let (store, folder) = (directory.file("store.db"), directory.file("recording"))
        let others = try [Other(store), Other(store)]
        var limits = Recorder.Limits()
        limits.totalBytes = 20_000
        let recorder = try recorder(folder, of: store, limits: limits)
        for index in 0..<60 { await others[index % 2].does("r\(index)", "count") }
        for other in others { other.part.close() }
        // Who comes now does not find it any more.
        #expect(FoundMark(at: store + ".recording") == nil)
        recorder.close()
        let recording = try Recording(folder: folder)
        #expect(recording.remarks.contains("the recording ended early: limit"))
        #expect(recording.invocations.count > 10 && recording.invocations.count < 60)
        #expect(RecordingPlace.length(of: folder) < limits.totalBytes + 3 * 64)
        #expect(try await replay(folder).different.isEmpty)
    }

    @Test func mark_isOneProcesss_andOneRecordings() throws {
        let directory = try TemporaryDirectory()
        let store = try Store.file(directory.file("store.db"))
        let path = directory.file("store.db.recording")
        func terms(_ folder: String) -> RecordingTerms {
            RecordingTerms(folder: folder, salt: [1], redacted: ["a"], limits: Recorder.Limits())
        }
        #expect(FoundMark(at: path) == nil)
        // What a process has left that was killed.
        try Data("/recording".utf8).write(to: URL(filePath: path))
        #expect(FoundMark(at: path) == nil)
        let first = try #require(RecordingMark(store: store, terms: terms("/one")))
        #expect(RecordingMark(store: store, terms: terms("/two")) == nil)
        let found = try #require(FoundMark(at: path))
        #expect(found.terms.folder == "/one" && found.terms.redacted == ["a"] && found.isHeld)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode.map { "\($0)" } == "384")
        found.hide()
        #expect(FoundMark(at: path) == nil && found.isHeld)
        let second = try #require(RecordingMark(store: store, terms: terms("/two")))
        first.remove()
        #expect(!found.isHeld)
        #expect(FoundMark(at: path)?.terms.folder == "/two")
        second.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
