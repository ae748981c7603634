import Base
import Ledger
import StoreSupport
import Testing

/// What is dropped, and what is not.
@Suite struct TrimTests {
    private static let connect = UnitOfWork.Write.connect(
        connection: "c", host: "h", subject: "p", session: nil)

    private static func say(_ text: String) -> UnitOfWork.Write {
        .emit(Emit(rooms: ["c"], event: "said", json: text))
    }

    @Test(arguments: engines) func effects_goByTheirTime_andWhoeverAsksForThemIsTold(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let first = try await state.apply([Self.connect, Self.say("old")], now: 1_000)
        let last = try await state.apply([Self.say("kept")], now: 2_000)
        let before = try await state.missed(connection: "c", after: first - 2, through: last, scanning: 99)
        #expect(before.effects.count == 2 && !before.hasGap)
        try await state.trim(now: at(3_000), effectsBefore: at(2_000), connectionsLostBefore: at(0))
        let after = try await state.missed(connection: "c", after: first - 2, through: last, scanning: 99)
        #expect(after.effects.count == 1 && after.hasGap)
        let rest = try await state.missed(connection: "c", after: first, through: last, scanning: 99)
        #expect(rest.effects.count == 1 && !rest.hasGap)
    }

    @Test(arguments: engines) func aStartThatTheStoreHasNotGotTo_isAGap(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let last = try await fixture.state.apply([Self.connect])
        for start in [last + 1, .max] {
            let missed = try await fixture.state.missed(
                connection: "c", after: start, through: start, scanning: 9)
            #expect(missed.hasGap && missed.effects.isEmpty)
        }
        let none = try await fixture.state.missed(connection: "c", after: last, through: last, scanning: 9)
        #expect(!none.hasGap)
    }

    @Test(arguments: engines) func lostConnections_goSomeTimeAfter_andOthersStay(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply(
            ["a", "b", "c"].map { .connect(connection: $0, host: "h", subject: "p", session: nil) })
        try await state.apply([.suspend(connection: "a")], now: 1_000)
        try await state.apply([.suspend(connection: "b")], now: 2_000)
        try await state.trim(now: at(9_000), effectsBefore: at(0), connectionsLostBefore: at(2_000))
        #expect(try await state.connection(id: "a") == nil)
        #expect(try await state.connection(id: "b") != nil)
        #expect(try await state.connection(id: "c") != nil)
    }

    @Test(arguments: engines) func sessions_goOnceTheyHaveExpired_andMayBeOpenedAnew(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([
            .openSession(id: "old", subject: "p", expiresAt: at(3_000)),
            .openSession(id: "new", subject: "p", expiresAt: at(9_000)),
        ])
        try await state.trim(now: at(5_000), effectsBefore: at(0), connectionsLostBefore: at(0))
        #expect(try await state.isSessionLive(id: "new", of: "p", now: at(5_000)))
        try await state.apply([.openSession(id: "old", subject: "q", expiresAt: at(9_000))])
        #expect(try await state.isSessionLive(id: "old", of: "q", now: at(5_000)))
    }

    @Test(arguments: engines) func ratesThatStillCount_stay(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let rules = [RateRule(key: "k", limit: 1, window: .seconds(10))]
        #expect(try await fixture.state.ask(now: 1_000, rates: rules).isAdmitted)
        try await fixture.state.trim(now: at(5_000), effectsBefore: at(0), connectionsLostBefore: at(0))
        #expect(try await !fixture.state.ask(now: 5_000, rates: rules).isAdmitted)
        try await fixture.state.trim(now: at(99_000), effectsBefore: at(0), connectionsLostBefore: at(0))
        #expect(try await fixture.state.ask(now: 99_000, rates: rules).isAdmitted)
    }

    @Test(arguments: engines) func recordsEntriesAndJobs_areNeverTrimmed(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([.save(kind: "k", id: "1", body: "1"), entry("e"), job("j")], now: 1)
        try await state.trim(
            now: at(.max / 4), effectsBefore: at(.max / 4), connectionsLostBefore: at(.max / 4))
        #expect(try await state.record(kind: "k", id: "1") != nil)
        #expect(try await state.journalEntry(id: "e") != nil)
        #expect(try await state.queueDepths().map(\.waiting) == [1])
    }
}
