@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing

/// What is lost, and what is not, where the disk is full, the file locked or the queue long.
@Suite struct FailureTests {
    static func smallStore() throws -> Fixture {
        // The pages of the tables and indexes themselves, and a few more.
        var limits = StoreLimits()
        limits.maximumPages = 60
        return try Fixture(limits: limits)
    }

    /// Whether the unit was lost with its own transaction, or with the one that had admitted it.
    static func isLoss(_ error: any Error) -> Bool {
        error as? StoreError == .full || error as? StoreError == .admissionLost(full: true)
    }

    static let large = String(repeating: "x", count: 400_000)

    @Test func unitThatFillsTheDisk_isNotKept_andTheStoreGoesOn() async throws {
        let fixture = try Self.smallStore()
        let state = fixture.state
        let stream = state.committed()
        try await state.apply([.save(kind: "p", id: "1", body: "small"), emit("1")])
        for attempt in 0..<3 {
            await #expect(throws: StoreError.full) {
                try await state.apply([
                    .save(kind: "p", id: "1", body: "changed"), emit("lost\(attempt)"),
                    entry("big", body: Self.large),
                ])
            }
            #expect(try state.record(kind: "p", id: "1")?.body == "small")
            #expect(try state.journalEntry(id: "big") == nil)
        }
        try await state.apply([.save(kind: "p", id: "1", body: "again"), emit("2")])
        #expect(try state.record(kind: "p", id: "1") == Record(version: 2, body: "again"))
        #expect(await stream.said(upTo: "2") == ["1", "2"])
    }

    @Test func admissionInALostTransaction_makesItsCommitFail_andCountsForNothing() async throws {
        let fixture = try Self.smallStore()
        let state = fixture.state
        let stream = state.committed()
        // Counters are written at the transaction's end, after the admission has been answered.
        let rules = (0..<300).map { index in
            RateRule(key: "\(index)" + Self.large.prefix(1_500), limit: 5, window: .seconds(60))
        }
        let decision = try await state.ask("f", rates: rules)
        guard case .admitted(let ticket, _) = decision else { throw Unexpected.refusal(decision) }
        // Ends that transaction, or comes after it.
        do { try await state.apply([emit("1")]) } catch { #expect(Self.isLoss(error)) }
        await #expect(throws: StoreError.admissionLost(full: true)) {
            try await state.commit(
                UnitOfWork(writes: [emit("2")]), at: at(1), ticket: ticket, completing: nil)
        }
        #expect(state.isLost(ticket))
        state.release(ticket)
        try await state.apply([emit("3")])
        #expect(await stream.said(upTo: "3").last == "3")
        guard case .admitted(_, let status?) = try await state.ask("f", rates: [rules[0]]) else {
            Issue.record("the lost invocation still counts")
            return
        }
        #expect(status.remaining == 4)
    }

    @Test func unitsOfATransactionThatIsLostAtItsEnd_allFail() async throws {
        let fixture = try Self.smallStore()
        let state = fixture.state
        let rules = (0..<300).map { index in
            RateRule(key: "\(index)" + Self.large.prefix(1_500), limit: 5, window: .seconds(60))
        }
        for attempt in 0..<20 {
            _ = try await state.ask("f", rates: rules)
            do {
                try await state.apply([entry("\(attempt)")])
                #expect(try state.journalEntry(id: "\(attempt)") != nil)
            } catch {
                #expect(Self.isLoss(error))
                #expect(try state.journalEntry(id: "\(attempt)") == nil)
            }
        }
    }

    @Test func manyUnits_someTooLarge_allGetAnAnswer_andWhatWasAnsweredIsKept() async throws {
        let fixture = try Self.smallStore()
        let state = fixture.state
        let kept = await withTaskGroup(of: String?.self) { group in
            for index in 0..<120 {
                group.addTask {
                    do {
                        let body = index % 7 == 0 ? Self.large : "1"
                        try await state.apply([entry("\(index)", body: body)])
                        return "\(index)"
                    } catch {
                        #expect(Self.isLoss(error))
                        return nil
                    }
                }
            }
            return await group.reduce(into: Set<String>()) { set, id in if let id { set.insert(id) } }
        }
        #expect(Set(try state.journal(stream: "s", last: 999).entries.map(\.id)) == kept)
        #expect(try await state.ask("f", concurrency: 1).isAdmitted, "every place was given back")
    }

    @Test func errorThatEndsTheTransaction_losesItWhole() async throws {
        // SQLite rolls back by itself on some errors, of reads also; what follows must not run outside of any
        // transaction.
        let fixture = try Fixture()
        let database = try Database(path: fixture.path, access: .readWrite, limits: StoreLimits())
        let inFlight = InFlight()
        let transaction = try Transaction(
            database, limits: StoreLimits(),
            shared: Shared(recordCache: RecordCache(), inFlight: inFlight, observer: ObserverBox()))
        let before = try #require(inFlight.begin("f", limit: 9))
        try transaction.begin()
        let within = try #require(inFlight.begin("f", limit: 9))
        _ = transaction.order.next()
        try database.execute("ROLLBACK")
        transaction.operationFailed(.io(code: 10))
        #expect(transaction.loss == .io(code: 10))
        if case .lost = inFlight.admission(of: Ticket(number: 1, id: before)) { Issue.record("not its own") }
        if case .counts = inFlight.admission(of: Ticket(number: 1, id: within)) { Issue.record("its own") }
        #expect(throws: StoreError.io(code: 10)) { try transaction.commit() }
        try transaction.begin()
        #expect(transaction.loss == nil && transaction.order.last == 0)
        try transaction.commit()
    }

    @Test func admissionThatCannotBeDecided_takesNoNumber() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([])
        let database = try Database(path: fixture.path, access: .readWrite, limits: StoreLimits())
        try database.execute("DROP TABLE session")
        let before = try await state.ticket()
        for _ in 0..<3 {
            await #expect(throws: StoreError.self) { try await state.ask(session: "s") }
        }
        #expect(try await state.ticket().number == before.number + 1)
        #expect(!state.isLost(before))
    }

    @Test func lockHeldByAnother_failsAsBusy_andLosesNothingLater() async throws {
        let fixture = try Fixture()
        var limits = StoreLimits()
        limits.busyTimeout = .milliseconds(5)
        let state = try fixture.another(limits: limits)
        let stream = state.committed()
        let ticket = try await state.ticket("f", concurrency: 1)
        try await fixture.state.apply([emit("1")])
        let other = try Database(path: fixture.path, access: .readWrite, limits: limits)
        try other.execute("BEGIN IMMEDIATE")
        await #expect(throws: StoreError.busy) {
            try await state.commit(UnitOfWork(), at: at(1), ticket: ticket, completing: nil)
        }
        await #expect(throws: StoreError.busy) { try await state.ask() }
        state.catchUp()
        #expect(try state.record(kind: "p", id: "1") == nil, "readers do not wait")
        await #expect(throws: StoreError.busy) { try await state.ask() }
        state.release(ticket)
        try other.execute("COMMIT")
        state.catchUp()
        #expect(await stream.said(upTo: "1") == ["1"])
        #expect(try await state.ask("f", concurrency: 1).isAdmitted)
    }

    @Test func operationsOverTheLimit_areRefusedAsOverloaded_andReleasesStillCount() async throws {
        let fixture = try Fixture()
        var limits = StoreLimits()
        limits.waitingOperations = 4
        limits.busyTimeout = .seconds(60)
        let state = try fixture.another(limits: limits)
        let held = try await state.ticket("f", concurrency: 1)
        try await state.apply([])
        let other = try Database(path: fixture.path, access: .readWrite, limits: limits)
        try other.execute("BEGIN IMMEDIATE")
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                group.addTask {
                    do {
                        try await state.apply([entry("\(index)")])
                        return false
                    } catch { return error as? StoreError == .overloaded }
                }
            }
            // The first refusal comes while the lock is held; the rest is answered once it is not.
            var isHeld = true
            var refused = 0
            for await isRefused in group {
                refused += isRefused ? 1 : 0
                if isHeld {
                    #expect(isRefused)
                    state.release(held)
                    #expect(throws: Never.self) { try other.execute("COMMIT") }
                    isHeld = false
                }
            }
            #expect(refused > 0)
        }
        #expect(try await state.ask("f", concurrency: 1).isAdmitted)
    }
}
