@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct KeptAnswerTests {
    @Test func trim_dropsWhatHasExpiredForAWhile() async throws {
        var limits = StoreLimits()
        limits.trimBatch = 2
        let fixture = try Fixture(limits: limits)
        for index in 0..<7 {
            _ = try await fixture.state.commit(
                "\(index)", answer("f/\(index) player:p", until: index < 5 ? 2_000 : 90_000))
        }
        let database = try Database(path: fixture.path, access: .readOnly, limits: StoreLimits())
        for (now, left) in [(Int64(62_000), Int64(7)), (62_001, 2), (150_001, 0)] {
            try await fixture.state.trim(
                now: at(now), effectsBefore: at(0), connectionsLostBefore: at(0))
            #expect(try database.integer("SELECT count(*) FROM answer") == left, "at \(now)")
        }
    }

    @Test func aLongAnswer_isKeptWithoutItsText() async throws {
        var limits = StoreLimits()
        limits.keptAnswerBytes = 4
        let fixture = try Fixture(limits: limits)
        for (text, kept) in [("1234", "1234"), ("12345", nil), ("", "")] as [(String, String?)] {
            _ = try await fixture.state.commit("e\(text)", answer("f/\(text) player:p", text))
            guard case .answered(let answer, _) = try await fixture.state.admit(key("f/\(text) player:p"))
            else {
                Issue.record("not answered")
                return
            }
            #expect(answer.json == kept)
        }
    }

    @Test func aReplaysStore_decidesTheSame() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("x")])
        fixture.state.close()
        let serial = try SerialState(path: fixture.path)
        let request = AdmissionRequest(
            function: "f", now: at(1_000), session: nil, rates: [], concurrency: 1, key: key())
        for round in 0..<2 {
            switch try serial.admit(request) {
            case .admitted(let ticket, _):
                #expect(round == 0)
                // It is done by somebody else before this one commits.
                guard
                    case .admitted(let theirs, _) = try serial.admit(
                        AdmissionRequest(
                            function: "g", now: at(1_000), session: nil, rates: [], concurrency: 1))
                else { return }
                _ = try serial.commit(
                    UnitOfWork(writes: [entry("a")], answer: answer()), at: at(1_000), ticket: theirs,
                    completing: nil)
                let decision = try serial.commit(
                    UnitOfWork(writes: [entry("b")], answer: answer()), at: at(1_000), ticket: ticket,
                    completing: nil)
                guard case .answered(answer(), _) = decision else {
                    Issue.record("\(decision)")
                    return
                }
                #expect(try serial.journalEntry(id: "b") == nil)
            case .answered(let kept, _):
                #expect(round == 1)
                #expect(kept == answer())
            default: Issue.record("refused")
            }
        }
    }

    @Test func aCopy_hasOtherNamesAndTexts_whereItIsToldSo() async throws {
        let fixture = try Fixture()
        _ = try await fixture.state.commit("a", answer("f/k address:192.0.2.7", #"{"token":"abc"}"#))
        _ = try await fixture.state.commit("b", answer("f/k player:p", #"{"a":1}"#))
        let copy = fixture.directory.file("copy.db")
        _ = try Snapshot.take(
            of: fixture.path, to: copy, renaming: { $0 },
            renamingAnswer: { $0.replacing("192.0.2.7", with: "hidden") },
            rewriting: { $0.replacing("abc", with: "-") })
        let state = try SQLiteState(path: copy)
        guard case .answered(let kept, _) = try await state.admit(key("f/k address:hidden")),
            case .answered(answer(), _) = try await state.admit(key())
        else {
            Issue.record("not answered")
            return
        }
        #expect(kept.json == #"{"token":"-"}"#)
        #expect(try await state.admit(key("f/k address:192.0.2.7")).isAdmitted)
    }
}
