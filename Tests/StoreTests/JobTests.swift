@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing

@Suite struct JobTests {
    @Test func deadLetters_areCountedAsTheyComeAndGo_andNotByLookingAtAll() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply((1...5).map { job("\($0)") })
        try await state.giveBack(
            try await state.claim(batch: 5)[0], .bury(reason: "no use", at: at(1_500)), at: at(1_500))
        #expect(try state.queueDepths().map(\.dead) == [5])
        // An operator's own doing.
        let database = try Database(path: fixture.path, access: .readWrite, limits: StoreLimits())
        try database.execute("DELETE FROM dead_letter WHERE id < '3'")
        #expect(try state.queueDepths().map(\.dead) == [3])
        let plan = Statement(database, "EXPLAIN QUERY PLAN \(Reader.deadLetters)")
        let steps = try plan.all { $0.text(3) }
        #expect(!steps.isEmpty && steps.allSatisfy { $0.hasSuffix(" dead_letter_count") }, "\(steps)")
        try database.execute("DELETE FROM dead_letter")
        #expect(try state.queueDepths().isEmpty)
    }
}
