import Base
import Ledger
import StoreSupport
import TestSupport
import Testing

/// Two who have one store open, and one who opens it again.
@Suite struct HandleTests {
    @Test(arguments: engines) func whatOneCommits_theOtherReads(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        try await fixture.state.apply([.save(kind: "k", id: "1", body: "a"), entry("e"), job("j")])
        #expect(try await other.record(kind: "k", id: "1") == Record(version: 1, body: "a"))
        #expect(try await other.journalEntry(id: "e") != nil)
        #expect(try await other.queueDepths().map(\.waiting) == [1])
        try await other.apply([.save(kind: "k", id: "1", body: "b")])
        // Not older than the last admission of this process.
        _ = try await fixture.state.ticket()
        #expect(try await fixture.state.record(kind: "k", id: "1") == Record(version: 2, body: "b"))
    }

    @Test(arguments: engines) func aConflict_isSeenOverTwoHandles(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        let ticket = try await fixture.state.ticket()
        try await other.apply([.save(kind: "k", id: "1", body: "theirs")])
        let unit = UnitOfWork(
            reads: [.record(kind: "k", id: "1", version: 0)], writes: [.save(kind: "k", id: "1", body: "x")])
        #expect(
            try await fixture.state.commit(unit, at: at(1), ticket: ticket, completing: nil) == .conflict)
        #expect(try await other.record(kind: "k", id: "1")?.body == "theirs")
        fixture.state.release(ticket)
    }

    @Test(arguments: engines) func aSessionThatOneEnds_isOverForTheOther(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        try await fixture.state.apply([.openSession(id: "s", subject: "p", expiresAt: at(9_000))])
        #expect(try await !other.ask(session: "s").isSessionEnded)
        try await fixture.state.apply([.revokeSession(id: "s")])
        #expect(try await other.ask(session: "s").isSessionEnded)
    }

    @Test(arguments: engines) func concurrency_isEachHandlesOwn(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        _ = try await fixture.state.ticket(concurrency: 1)
        #expect(try await fixture.state.ask(concurrency: 1).isConcurrencyExceeded)
        #expect(try await other.ask(concurrency: 1).isAdmitted)
    }

    @Test(arguments: engines) func everything_isThereAgain_onceItIsOpenedAnew(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let last = try await fixture.state.apply([
            .save(kind: "k", id: "1", body: "a"), entry("e"), job("j"),
            .connect(connection: "c", host: "h", subject: "p", session: nil),
            .openSession(id: "s", subject: "p", expiresAt: at(9_000)),
        ])
        await fixture.state.close()
        let again = try fixture.another()
        #expect(try await again.record(kind: "k", id: "1") == Record(version: 1, body: "a"))
        #expect(try await again.journalEntry(id: "e") != nil)
        #expect(try await again.connection(id: "c") != nil)
        #expect(try await again.isSessionLive(id: "s", of: "p", now: at(1_000)))
        #expect(try await again.claim().map(\.jobs.count) == [1])
        #expect(try await again.ticket().number > last, "the order goes on")
    }

    @Test(arguments: engines) func check_isQuietWhileItIsWell_andThrowsOnceItIsClosed(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        try await fixture.state.check()
        await fixture.state.close()
        await #expect(throws: StoreError.closed) { try await fixture.state.check() }
    }

    @Test(arguments: engines) func news_comeOfAnothersCommits_whereThereAreAny(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        guard let news = try fixture.state.news() else { return }
        #expect(news.descriptor >= 0)
        _ = news.drain()
        try await other.apply([emit("1")])
        #expect(news.drain())
        #expect(!news.drain())
    }

    @Test(arguments: engines) func aCopy_isTheStoreOfOneMoment_andDecidesTheSame(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let last = try await fixture.state.apply([.save(kind: "k", id: "1", body: "a"), job("j"), entry("e")])
        let file = fixture.directory.file("copy")
        #expect(try fixture.store.copy(to: file) == last)
        try await fixture.state.apply([entry("later")])
        let copy = try fixture.store.engine.openSerially(file)
        #expect(try copy.number() == last)
        #expect(try copy.record(kind: "k", id: "1")?.body == "a")
        #expect(try copy.journalEntry(id: "later") == nil)
        let claim = try copy.claim(queue: "story", group: "g", count: 9, until: at(9))
        #expect(claim?.jobs.map(\.id) == ["j"])
        let request = AdmissionRequest(
            function: "f", now: at(1), session: nil, rates: [], concurrency: 1)
        guard case .admitted(let ticket, _) = try copy.admit(request) else {
            Issue.record("refused")
            return
        }
        let unit = UnitOfWork(
            reads: [.record(kind: "k", id: "1", version: 1)], writes: [.save(kind: "k", id: "1", body: "b")])
        let decision = try copy.commit(unit, at: at(1), ticket: ticket, completing: claim)
        // Behind the claim and the admission.
        #expect(decision == .committed(number: last + 3))
        #expect(try copy.record(kind: "k", id: "1") == Record(version: 2, body: "b"))
        #expect(try await fixture.state.record(kind: "k", id: "1")?.body == "a")
        try copy.close()
        #expect(throws: StoreError.closed) { try copy.number() }
    }

    @Test(arguments: engines) func settling_waitsForWhatIsUnderWay(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        for round in 0..<20 {
            let request = AdmissionRequest(
                function: "f", now: at(1), session: nil, rates: [], concurrency: 1)
            // It is answered before its transaction is committed.
            guard case .admitted(let ticket, _) = try await fixture.state.admit(request) else {
                Issue.record("refused")
                return
            }
            try fixture.store.settle()
            #expect(
                try fixture.store.copy(to: fixture.directory.file("copy-\(round)")) >= ticket.number)
            fixture.state.release(ticket)
        }
    }

    @Test(arguments: engines) func aTicketOfACopy_takesNoNumber(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let last = try await fixture.state.apply([.save(kind: "k", id: "1", body: "a")])
        let file = fixture.directory.file("copy")
        _ = try fixture.store.copy(to: file)
        let copy = try fixture.store.engine.openSerially(file)
        let ticket = try copy.ticket(for: "f")
        #expect(try copy.number() == last)
        let unit = UnitOfWork(writes: [.save(kind: "k", id: "1", body: "b")])
        #expect(
            try copy.commit(unit, at: at(1), ticket: ticket, completing: nil)
                == .committed(number: last + 1))
        try copy.close()
    }
}
