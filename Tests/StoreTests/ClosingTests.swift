@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct ClosingTests {
    @Test func closing_endsATransactionThatWaitsForMore() async throws {
        var limits = StoreLimits()
        limits.openTransaction = .seconds(3_600)
        let fixture = try Fixture(limits: limits)
        let ticket = try await fixture.state.ticket()
        fixture.state.close()
        #expect(try await fixture.another().ticket().number == ticket.number + 1)
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
