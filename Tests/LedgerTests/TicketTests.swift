import Base
import Ledger
import StoreSupport
import TestSupport
import Testing

/// What a ticket is worth, and which numbers there are.
@Suite struct TicketTests {
    @Test(arguments: engines) func tickets_areDifferent_andTheirNumbersTheOrders(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        var seen: Set<Int64> = []
        var last: Int64 = 0
        for _ in 0..<50 {
            let ticket = try await fixture.state.ticket()
            #expect(seen.insert(ticket.id).inserted)
            #expect(ticket.number == last + 1)
            last = ticket.number
        }
    }

    @Test(arguments: engines) func releaseTwice_givesOnePlaceBack(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let first = try await state.ticket(concurrency: 2)
        let second = try await state.ticket(concurrency: 2)
        state.release(first)
        state.release(first)
        let third = try await state.ticket(concurrency: 2)
        #expect(try await state.ask(concurrency: 2).isConcurrencyExceeded)
        state.release(second)
        state.release(third)
    }

    @Test(arguments: engines) func ticketThatHasEnded_commitsNothing(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let ticket = try await state.ticket()
        _ = try await state.commit(
            UnitOfWork(writes: [entry("1")]), at: at(1), ticket: ticket, completing: nil)
        await #expect(throws: StoreError.admissionLost(full: false)) {
            try await state.commit(
                UnitOfWork(writes: [entry("2")]), at: at(1), ticket: ticket, completing: nil)
        }
        let released = try await state.ticket()
        state.release(released)
        await #expect(throws: StoreError.admissionLost(full: false)) {
            try await state.commit(
                UnitOfWork(writes: [entry("2")]), at: at(1), ticket: released, completing: nil)
        }
        #expect(try await state.journalEntry(id: "2") == nil)
    }

    @Test(arguments: engines) func unitOfNothing_takesItsOwnNumber(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let ticket = try await fixture.state.ticket()
        let decision = try await fixture.state.commit(
            UnitOfWork(), at: at(1), ticket: ticket, completing: nil)
        #expect(decision == .committed(number: ticket.number + 1))
    }

    /// Of what is written a recording keeps no number but the commit's: the others follow from `UnitOfWork.numbers`.
    @Test(arguments: engines) func unit_takesAsManyNumbersAsItSays(_ engine: TestedEngine) async throws {
        let seed: UInt64 = 0x5eed_0015
        var random = SplitMix64(seed: seed)
        let fixture = try Fixture(engine)
        let state = fixture.state
        var last = try await state.apply([])
        for round in 0..<200 {
            var writes: [UnitOfWork.Write] = []
            for place in 0..<Int(random.next() % 6) {
                writes.append(
                    Self.write(Int(random.next() % 14), "\(round).\(place)", "\(random.next() % 3)"))
            }
            let number = try await state.apply(writes)
            // One for the admission.
            #expect(
                number == last + 1 + UnitOfWork(writes: writes).numbers, "seed \(seed): \(writes)")
            last = number
        }
    }

    private static func write(_ kind: Int, _ new: String, _ some: String) -> UnitOfWork.Write {
        switch kind {
        case 0: .save(kind: "k", id: some, body: "1")
        case 1: entry(new)
        case 2: job(new, group: some)
        case 3: emit("1")
        case 4: .join(room: "r", .connection(some))
        case 5: .leave(room: "r", .subject(some))
        case 6: .connect(connection: some, host: "h", subject: "p", session: nil)
        case 7: .connect(connection: some, host: "i", subject: "q", session: nil, namespace: "/l")
        case 8: .suspend(connection: some, host: "h")
        case 9: .disconnect(connection: some)
        case 10: .close(.subject("p"), reason: "x")
        case 11: .close(.connection(some), reason: "x")
        case 12: .openSession(id: some, subject: "p", expiresAt: at(9_000))
        default: .revokeSession(id: some)
        }
    }
}
