import Base
import FoundationEssentials
import Ledger
@testable import Functions
@testable import Observability
@testable import Recording
import Runtime
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
        let part = try RecordingPart(beside: .file(play.store), log: .none, now: { TestRuntime.start })
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
        let recording = try play.recording()
        #expect(recording.writes.count == 2)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.map(\.status) == [401, 200, 200, 401] && result.isComplete)

        let (again, _) = try await play.replay(recording, with: Deed(step: 2), renumbers: true)
        try recording.update(with: again)
        let updated = try Recording(folder: play.folder)
        #expect(updated.writes.count == 2)
        #expect(!FileManager.default.fileExists(atPath: play.folder + "/" + RecordingFormat.others))
        let (second, _) = try await play.replay(updated, with: Deed(step: 2))
        #expect(second.different.isEmpty && second.isComplete, "\(second.account)")
    }

    @Test func withoutThePart_theReplayEndsThere() async throws {
        let play = try await Play([.deed()], Deed())
        let part = try RecordingPart(beside: .file(play.store), log: .none, now: { TestRuntime.start })
        await play.does("first", "count")
        try await write(
            play, part, [.openSession(id: "s", subject: "p", expiresAt: play.now + .seconds(60))])
        await play.does("second", "count")
        try FileManager.default.removeItem(atPath: play.folder + "/" + RecordingFormat.others)
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.beyond == 1 && !result.isComplete && result.hole != nil)
    }

    @Test func whatCannotBeWritten_isTold_andAFolderThatIsGoneHurtsNobody() async throws {
        let play = try await Play([.deed()], Deed())
        let lines = LogLines()
        let part = try RecordingPart(
            beside: .file(play.store), log: Log(level: .debug, format: .json, sink: lines),
            now: { TestRuntime.start })
        try FileManager.default.removeItem(atPath: play.folder + "/" + RecordingFormat.header)
        try await write(
            play, part, [.openSession(id: "s", subject: "p", expiresAt: play.now + .seconds(60))])
        #expect(lines.all.count == 1 && lines.all[0].contains("A recording has a gap"))
        play.recorder.close()
        try await write(
            play, part, [.openSession(id: "t", subject: "p", expiresAt: play.now + .seconds(60))])
        #expect(lines.all.count == 1)
    }
}
