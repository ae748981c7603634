@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing

@Suite struct RecordCacheTests {
    private func save(_ body: String, id: String = "1") -> UnitOfWork.Write {
        .save(kind: "p", id: id, body: body)
    }

    @Test func savedRecord_isReadAnew_beforeItsCommitIsTold() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        #expect(try state.record(kind: "p", id: "1") == nil)
        for round in 1...50 {
            try await state.apply([save("\(round)")])
            #expect(try state.record(kind: "p", id: "1") == Record(version: Int64(round), body: "\(round)"))
            #expect(try state.record(kind: "p", id: "1") == Record(version: Int64(round), body: "\(round)"))
        }
        #expect(try state.record(kind: "q", id: "1") == nil, "another kind is another record")
    }

    @Test func whatAnotherProcessSaved_isReadAfterTheNextAdmission() async throws {
        let fixture = try Fixture()
        let (state, other) = (fixture.state, try fixture.another())
        for round in 1...10 {
            #expect(try state.record(kind: "p", id: "1")?.version ?? 0 == round - 1)
            try await other.apply([save("\(round)")])
            let ticket = try await state.ticket()
            #expect(try state.record(kind: "p", id: "1") == Record(version: Int64(round), body: "\(round)"))
            state.release(ticket)
        }
    }

    @Test func unitThatReadAnOlderRecord_conflicts_andTheNextReadHasTheLast() async throws {
        let fixture = try Fixture()
        let (state, other) = (fixture.state, try fixture.another())
        try await state.apply([save("a")])
        let ticket = try await state.ticket()
        let read = try #require(try state.record(kind: "p", id: "1"))
        try await other.apply([save("b")])
        let unit = UnitOfWork(
            reads: [.record(kind: "p", id: "1", version: read.version)], writes: [save("c")])
        #expect(try await state.commit(unit, at: at(1), ticket: ticket, completing: nil) == .conflict)
        #expect(try state.record(kind: "p", id: "1") == Record(version: 2, body: "b"))
        #expect(try other.record(kind: "p", id: "1") == Record(version: 2, body: "b"))
        state.release(ticket)
    }

    @Test func recordsOfALostTransaction_areReadAsTheyAreStored() async throws {
        var limits = StoreLimits()
        limits.maximumPages = 60
        let fixture = try Fixture(limits: limits)
        let state = fixture.state
        try await state.apply([save("small")])
        #expect(try state.record(kind: "p", id: "1")?.body == "small")
        let large = String(repeating: "x", count: 400_000)
        await #expect(throws: StoreError.self) {
            try await state.apply([save("lost"), save(large, id: "2")])
        }
        #expect(try state.record(kind: "p", id: "1") == Record(version: 1, body: "small"))
        #expect(try state.record(kind: "p", id: "2") == nil)
    }

    @Test func recordThatIsForgottenWhileItIsRead_isNotKept() throws {
        let cache = RecordCache()
        let name = RecordName(kind: "p", id: "1")
        let old = try cache.record(name) { () throws(StoreError) in
            cache.forget([name])
            return Record(version: 1, body: "old")
        }
        #expect(old == Record(version: 1, body: "old"))
        var reads = 0
        for _ in 0..<3 {
            let new = try cache.record(name) { () throws(StoreError) in
                reads += 1
                return Record(version: 2, body: "new")
            }
            #expect(new == Record(version: 2, body: "new"))
        }
        #expect(reads == 1)
        cache.forgetAll()
        #expect(try cache.record(name) { () throws(StoreError) in nil } == nil)
        #expect(
            try cache.record(name) { () throws(StoreError) in old } == nil, "that there is none is kept, too")
    }

    @Test func longBodies_andErrors_areNotKept() throws {
        let cache = RecordCache()
        let name = RecordName(kind: "p", id: "1")
        #expect(throws: StoreError.closed) {
            try cache.record(name) { () throws(StoreError) in throw .closed }
        }
        for version in 1...3 {
            let body = String(repeating: "x", count: 3_000)
            let read = try cache.record(name) { () throws(StoreError) in
                Record(version: Int64(version), body: body)
            }
            #expect(read?.version == Int64(version))
        }
    }

    @Test func moreRecordsThanItHolds_areReadAnew_andNoneIsWrong() throws {
        let cache = RecordCache()
        for number in 0..<20_000 {
            let id = "\(number % 9_000)"
            let read = try cache.record(RecordName(kind: "p", id: id)) { () throws(StoreError) in
                Record(version: 1, body: id)
            }
            #expect(read?.body == id)
        }
    }
}
