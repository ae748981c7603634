import TestSupport
import Testing

@testable import Store

@Suite struct ClosingTests {
    @Test func closing_endsATransactionThatWaitsForMore() async throws {
        var limits = StoreLimits()
        limits.openTransaction = .seconds(3_600)
        let fixture = try Fixture(limits: limits)
        let ticket = try await fixture.state.ticket()
        fixture.state.close()
        #expect(try await fixture.another().ticket().number == ticket.number + 1)
    }

    @Test func pendingOperations_areFinished_andLaterOnesRefused() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        let committed = await withTaskGroup(of: String?.self) { group in
            for index in 0..<200 {
                group.addTask {
                    do {
                        try await state.apply([entry("\(index)")])
                        return "\(index)"
                    } catch {
                        #expect(error as? StoreError == .closed)
                        return nil
                    }
                }
            }
            group.addTask {
                state.close()
                return nil
            }
            return await group.reduce(into: Set<String>()) { set, id in if let id { set.insert(id) } }
        }
        let reopened = try fixture.another()
        #expect(Set(try reopened.journal(stream: "s", last: 999).entries.map(\.id)) == committed)
    }

    @Test func everything_failsAsClosed_afterwards() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([job("1")])
        let claim = try await state.claim()[0]
        let ticket = try await state.ticket()
        state.close()
        state.close()
        await #expect(throws: StoreError.closed) { try await state.ask() }
        await #expect(throws: StoreError.closed) {
            try await state.commit(UnitOfWork(), at: at(1), ticket: ticket, completing: nil)
        }
        await #expect(throws: StoreError.closed) { try await state.claim() }
        await #expect(throws: StoreError.closed) {
            try await state.giveBack(claim, .retry(at: at(1)), at: at(1))
        }
        await #expect(throws: StoreError.closed) {
            try await state.heartbeat(host: "h", now: at(1), expiresAt: at(2))
        }
        await #expect(throws: StoreError.closed) { try await state.retire(host: "h", now: at(1)) }
        await #expect(throws: StoreError.closed) {
            try await state.trim(now: at(1), effectsBefore: at(1), connectionsLostBefore: at(1))
        }
        #expect(throws: StoreError.closed) { try state.record(kind: "p", id: "1") }
        #expect(throws: StoreError.closed) { try state.journal(stream: "s", last: 1) }
        #expect(throws: StoreError.closed) { try state.journalEntry(id: "1") }
        #expect(throws: StoreError.closed) { try state.nextJob(queue: "story") }
        #expect(throws: StoreError.closed) { try state.queueDepths() }
        state.catchUp()
        state.release(ticket)
    }

    @Test func stateThatNobodyHolds_closesItself() async throws {
        let directory = try Fixture().directory
        var state: SQLiteState? = try SQLiteState(path: directory.file("own.db"))
        try await state?.apply([entry("1")])
        weak let gone = state
        state = nil
        #expect(gone == nil)
        #expect(try SQLiteState(path: directory.file("own.db")).journalEntry(id: "1") != nil)
    }
}
