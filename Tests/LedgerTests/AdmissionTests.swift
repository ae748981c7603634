import Base
import Ledger
import StoreSupport
import Testing

@Suite struct AdmissionTests {
    @Test(arguments: engines) func sessions_areRefused_whereUnknownExpiredOrRevoked(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([.openSession(id: "a", subject: "p", expiresAt: at(5_000))])
        #expect(try await state.ask(session: "unknown").isSessionEnded)
        #expect(try await !state.ask(now: 4_999, session: "a").isSessionEnded)
        #expect(try await state.ask(now: 5_000, session: "a").isSessionEnded)
        try await state.apply([.revokeSession(id: "a")])
        #expect(try await state.ask(now: 1_000, session: "a").isSessionEnded)
        try await state.apply([.openSession(id: "a", subject: "p", expiresAt: at(9_000))])
        #expect(try await state.ask(now: 1_000, session: "a").isSessionEnded, "once revoked is revoked")
    }

    @Test(arguments: engines) func refusalByOneRule_countsAgainstNone(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let wide = RateRule(key: "wide", limit: 5, window: .seconds(60))
        let narrow = RateRule(key: "narrow", limit: 1, window: .seconds(1))
        for rules in [[wide, narrow], [narrow, wide]] {
            _ = try await fixture.state.ask(now: 1_000, rates: rules)
            for _ in 0..<10 {
                guard
                    case .rateExceeded(let status, _) = try await fixture.state.ask(now: 1_000, rates: rules)
                else {
                    Issue.record("not refused")
                    return
                }
                #expect(status.limit == 1 && status.remaining == 0)
            }
        }
        guard case .admitted(_, let status?) = try await fixture.state.ask(now: 1_000, rates: [wide]) else {
            Issue.record("refused")
            return
        }
        #expect(status.remaining == 3)
    }

    @Test(arguments: engines) func status_isThatOfTheRuleNearestToRefusing(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let rules = [10, 3, 7].map { RateRule(key: "k\($0)", limit: $0, window: .seconds(60)) }
        guard case .admitted(_, let status?) = try await fixture.state.ask(rates: rules) else {
            Issue.record("refused")
            return
        }
        #expect(status.limit == 3 && status.remaining == 2)
    }

    @Test(arguments: engines) func counters_areSharedBetweenProcesses_andKeptOverARestart(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        let rules = [RateRule(key: "k", limit: 4, window: .seconds(60))]
        for state in [fixture.state, other, fixture.state, other] {
            #expect(try await state.ask(rates: rules).isAdmitted)
        }
        #expect(try await !fixture.state.ask(rates: rules).isAdmitted)
        await fixture.state.close()
        await other.close()
        let reopened = try fixture.another()
        #expect(try await !reopened.ask(rates: rules).isAdmitted)
        #expect(try await reopened.ask(now: 61_000, rates: rules).isAdmitted)
    }

    @Test(arguments: engines) func clockSetBack_opensAgainAfterAWindow_evenIfEveryAnswerIsARefusal(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let rules = [RateRule(key: "k", limit: 1, window: .seconds(10))]
        #expect(try await fixture.state.ask(now: 9_000_000, rates: rules).isAdmitted)
        for now in stride(from: Int64(1_000_000), to: 1_010_000, by: 1_000) {
            // Each in a transaction of its own.
            #expect(try await !fixture.state.ask(now: now, rates: rules).isAdmitted)
            try await fixture.state.apply([])
        }
        #expect(try await fixture.state.ask(now: 1_010_000, rates: rules).isAdmitted)
    }

    @Test(arguments: engines) func concurrency_isCountedByFunction_andReleased(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let first = try await state.ticket("f", concurrency: 2)
        let second = try await state.ticket("f", concurrency: 2)
        #expect(try await state.ask("f", concurrency: 2).isConcurrencyExceeded)
        #expect(try await state.ask("g", concurrency: 1).isAdmitted)
        state.release(first)
        let third = try await state.ticket("f", concurrency: 2)
        #expect(try await state.ask("f", concurrency: 2).isConcurrencyExceeded)
        _ = try await state.commit(UnitOfWork(), at: at(1), ticket: second, completing: nil)
        #expect(try await state.ask("f", concurrency: 2).isAdmitted)
        #expect(try await state.ask("f", concurrency: 2).isConcurrencyExceeded)
        state.release(third)
        #expect(try await state.ask("f", concurrency: 2).isAdmitted)
    }

    @Test(arguments: engines) func refusalByConcurrency_countsAgainstNoRate(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let rules = [RateRule(key: "k", limit: 2, window: .seconds(60))]
        for _ in 0..<5 {
            #expect(try await fixture.state.ask(rates: rules, concurrency: 0).isConcurrencyExceeded)
        }
        for _ in 0..<2 { #expect(try await fixture.state.ask(rates: rules).isAdmitted) }
        #expect(try await !fixture.state.ask(rates: rules).isAdmitted)
    }

    @Test(arguments: engines) func session_isOfOneSubject_alsoOnceItIsKnown(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([.openSession(id: "s", subject: "p", expiresAt: at(5_000))])
        func admit(_ subject: String?, at time: Int64 = 1) async throws -> AdmissionDecision {
            let request = AdmissionRequest(
                function: "f", now: at(time), session: "s", of: subject, rates: [], concurrency: 100)
            return try await state.admit(request)
        }
        for _ in 0..<2 {
            #expect(try await admit("p").isAdmitted)
            #expect(try await admit(nil).isAdmitted)
            guard case .sessionOfAnother = try await admit("q") else {
                Issue.record("another's session was taken")
                return
            }
        }
        #expect(try await admit("q", at: 5_000).isSessionEnded)
        try await state.apply([.revokeSession(id: "s")])
        #expect(try await admit("p").isSessionEnded)
    }

    @Test(arguments: engines) func failedCommit_leavesTheTicketWithTheCaller_countedOnce(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([entry("taken")])
        let ticket = try await state.ticket("f", concurrency: 2)
        let other = try await state.ticket("f", concurrency: 2)
        await #expect(throws: StoreError.self) {
            try await state.commit(
                UnitOfWork(writes: [entry("taken")]), at: at(1), ticket: ticket, completing: nil)
        }
        #expect(try await state.ask("f", concurrency: 2).isConcurrencyExceeded)
        state.release(ticket)
        #expect(try await state.ask("f", concurrency: 2).isAdmitted)
        #expect(try await state.ask("f", concurrency: 2).isConcurrencyExceeded)
        state.release(other)
    }

    @Test(arguments: engines) func numbers_areUniqueAndIncrease_overTwoProcesses(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        let numbers = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for state in [fixture.state, other] {
                for _ in 0..<4 {
                    group.addTask {
                        var own: [Int64] = []
                        for _ in 0..<25 {
                            let ticket = try await state.ticket()
                            own.append(ticket.number)
                            guard
                                case .committed(let number) = try await state.commit(
                                    UnitOfWork(writes: [emit("1")]), at: at(1), ticket: ticket,
                                    completing: nil)
                            else { throw Unexpected.conflict }
                            own.append(number)
                        }
                        return own
                    }
                }
            }
            var all: [Int64] = []
            for try await own in group {
                #expect(own == own.sorted())
                all += own
            }
            return all
        }
        #expect(numbers.count == 400 && Set(numbers).count == 400)
    }
}
