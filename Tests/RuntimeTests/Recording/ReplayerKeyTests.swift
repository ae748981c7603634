import Base
import Ledger
@testable import Engine
@testable import Functions
import Runtime
import Testing
import TestSupport

/// Answers that are kept for those who ask again, in recordings.
@Suite struct ReplayerKeyTests {
    private static let entry = {
        var entry = FunctionEntry.deed("deed", .none, Limits(rate: [Rate(count: 5, window: .seconds(60))]))
        entry.idempotencyKey = "key"
        return entry
    }()

    private func event(
        _ play: Play, _ id: String, _ deed: String, field: String? = nil, member: String? = nil,
        address: String = "192.0.2.7"
    ) -> Event {
        var event = play.event(id, deed, as: nil, address: address)
        event.idempotencyKey = field
        if let member {
            event.data = Array(#"{"deed":"\#(deed)","target":"1","key":"\#(member)"}"#.utf8)
        }
        return event
    }

    @Test func repeatedAnswers_replayTheSame_alsoThoseOfBefore() async throws {
        let play = try await Play([Self.entry], Deed(), redact: ["key"]) { state in
            // Done before the recording began, of an address and with a token in its answer.
            let key = try #require(
                IdempotencyKey("before")?.requestKey(
                    function: "deed", scope: "address:192.0.2.7",
                    input: Array(#"{"deed":"count","target":"1"}"#.utf8)))
            let answer = KeptAnswer(
                key: key, status: 200, json: #"{"text":"","token":"abc"}"#,
                expiresAt: TestRuntime.start + .seconds(60))
            let request = AdmissionRequest(
                function: "x", now: TestRuntime.start, session: nil, rates: [], concurrency: 9)
            guard case .admitted(let ticket, _) = try await state.admit(request) else { return }
            _ = try await state.commit(
                UnitOfWork(answer: answer), at: TestRuntime.start, ticket: ticket, completing: nil)
        }
        let answers = [
            await play.invoke(event(play, "r0", "count", field: "before")),
            await play.invoke(event(play, "r1", "count", field: "\"a\"")),
            await play.invoke(event(play, "r2", "count", field: "a")),
            await play.invoke(event(play, "r3", "look", field: "a")),
            await play.invoke(event(play, "r4", "count", member: "b")),
            await play.invoke(event(play, "r5", "count", member: "b")),
            await play.invoke(event(play, "r6", "count", field: "not a key")),
            await play.invoke(event(play, "r7", "count", field: "eyJhbGci.e30.AAAA")),
            await play.invoke(event(play, "r8", "count", member: "eyJhbGci.e30.AAAA")),
            await play.invoke(event(play, "r9", "count", field: "a", address: "192.0.2.8")),
            await play.invoke(event(play, "r10", "refuse", field: "c")),
            await play.invoke(event(play, "r11", "refuse", field: "c")),
        ]
        #expect(answers.map(\.status) == [200, 200, 200, 422, 200, 200, 422, 422, 422, 200, 409, 409])
        #expect(
            answers.map(\.isRepeated) == [
                true, false, true, false, false, true, false, false, false, false, false, false,
            ])
        let recording = try play.recording()
        #expect(recording.invocations.count == answers.count)
        // With another address two counts stand between; each of the keys is in the recording but the tokens.
        #expect(
            recording.invocations.map(\.event.idempotencyKey) == [
                "before", "a", "a", "a", "b", "b", "not a key", "[redacted]", nil, "a", "c", "c",
            ])
        #expect(recording.invocations[0].answer.contains("[redacted]"))
        #expect(recording.invocations[5].cloudEvent.contains(#""key":"[redacted]""#))
        for _ in 0..<2 {
            let (result, _) = try await play.replay(recording, with: Deed())
            #expect(result.invocations.count == answers.count)
            #expect(result.different.isEmpty, "\(result.account)")
            #expect(result.remarks.isEmpty)
        }
        // With another rule only what was done comes out otherwise, and what repeats it.
        let (result, _) = try await play.replay(recording, with: Deed(step: 2))
        #expect(Set(result.different) == ["r1", "r2", "r4", "r5", "r9", "r10", "r11"])
    }
}
