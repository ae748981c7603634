import Base
import Ledger
import StoreSupport
import Testing

@Suite struct ClosingTests {
    @Test(arguments: engines) func pendingOperations_areFinished_andLaterOnesRefused(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
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
                await state.close()
                return nil
            }
            return await group.reduce(into: Set<String>()) { set, id in if let id { set.insert(id) } }
        }
        let reopened = try fixture.another()
        #expect(Set(try await reopened.journal(stream: "s", last: 999).entries.map(\.id)) == committed)
    }

    @Test(arguments: engines) func everything_failsAsClosed_afterwards(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")])
        let claim = try await state.claim()[0]
        let ticket = try await state.ticket()
        await state.close()
        await state.close()
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
        await #expect(throws: StoreError.closed) { try await state.record(kind: "p", id: "1") }
        await #expect(throws: StoreError.closed) { try await state.journal(stream: "s", last: 1) }
        await #expect(throws: StoreError.closed) { try await state.journalEntry(id: "1") }
        await #expect(throws: StoreError.closed) { try await state.nextJob(queue: "story") }
        await #expect(throws: StoreError.closed) { try await state.queueDepths() }
        state.catchUp()
        state.release(ticket)
    }
}
