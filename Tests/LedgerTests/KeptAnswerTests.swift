import Base
import Ledger
import StoreSupport
import Testing

@Suite struct KeptAnswerTests {
    @Test(arguments: engines) func aKeptAnswer_isGivenToWhoeverAsksAgain_andCountsForNothing(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let rule = RateRule(key: "r", limit: 1, window: .seconds(60))
        _ = try await fixture.state.commit("a", answer())
        for _ in 0..<5 {
            let decision = try await fixture.state.admit(key(), rates: [rule], concurrency: 0)
            guard case .answered(let kept, let number) = decision else {
                Issue.record("\(decision)")
                return
            }
            #expect(kept == answer())
            #expect(number > 0)
        }
        // Another input is for the asker to judge.
        guard case .answered(let kept, _) = try await fixture.state.admit(key("f/k player:p", 2)) else {
            Issue.record("not answered")
            return
        }
        #expect(kept.key == key())
        #expect(try await fixture.state.admit(key("f/k player:q"), rates: [rule]).isAdmitted)
    }

    @Test(arguments: engines) func whatIsKept_staysOverARestart_andIsTheOtherProcesssToo(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        _ = try await fixture.state.commit("a", answer())
        guard case .answered = try await other.admit(key()) else {
            Issue.record("the other process does not know")
            return
        }
        await fixture.state.close()
        await other.close()
        let again = try fixture.another()
        guard case .answered(let kept, _) = try await again.admit(key()) else {
            Issue.record("forgotten")
            return
        }
        #expect(kept == answer())
    }

    @Test(arguments: engines) func whatWasDoneMeanwhile_isNotDoneAgain_andTakesANumber(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        let ticket = try await fixture.state.ticket(concurrency: 1)
        _ = try await other.commit("theirs", answer("f/k player:p", "1"))
        let unit = UnitOfWork(writes: [entry("ours")], answer: answer("f/k player:p", "2"))
        let decision = try await fixture.state.commit(unit, at: at(2_000), ticket: ticket, completing: nil)
        guard case .answered(let kept, let number) = decision else {
            Issue.record("\(decision)")
            return
        }
        #expect(kept.json == "1")
        #expect(try await fixture.state.journalEntry(id: "ours") == nil)
        #expect(try await fixture.state.journalEntry(id: "theirs") != nil)
        // The ticket has ended, and the order has no hole.
        let next = try await fixture.state.ticket(concurrency: 1)
        #expect(next.number == number + 1)
    }

    @Test(arguments: engines) func aUnitThatConflicts_keepsNoAnswer(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let unit = UnitOfWork(
            reads: [.record(kind: "a", id: "b", version: 7)], writes: [entry("a")], answer: answer())
        let ticket = try await fixture.state.ticket()
        let decision = try await fixture.state.commit(unit, at: at(1_000), ticket: ticket, completing: nil)
        #expect(decision == .conflict)
        #expect(try await fixture.state.admit(key()).isAdmitted)
    }

    @Test(arguments: engines) func anAnswerThatHasExpired_isForgotten_andReplaced(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        _ = try await fixture.state.commit("a", answer("f/k player:p", "1", until: 5_000))
        guard case .answered = try await fixture.state.admit(key(), now: 4_999) else {
            Issue.record("expired too soon")
            return
        }
        #expect(try await fixture.state.admit(key(), now: 5_000).isAdmitted)
        guard
            case .committed = try await fixture.state.commit(
                "b", answer("f/k player:p", "2", until: 9_000), now: 5_000),
            case .answered(let kept, _) = try await fixture.state.admit(key(), now: 5_001)
        else {
            Issue.record("not kept anew")
            return
        }
        #expect(kept.json == "2")
    }
}
