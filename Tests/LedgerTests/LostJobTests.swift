import Base
import Ledger
import StoreSupport
import Testing

/// Jobs whose hosts die, jobs that fail together, and times that were written while the clock was ahead.
@Suite struct LostJobTests {
    private let hour: Int64 = 3_600_000

    @Test(arguments: engines) func aLostLease_isNoFailure_andIsCountedApart(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")])
        for round in 0..<7 as Range<Int64> {
            let claims = try await state.claim(
                "host-\(round)", now: 1_000 + round * 1_000, until: 2_000 + round * 1_000)
            let claimed = try #require(claims.first?.jobs.first)
            #expect(claimed.attempts == 1)
            #expect(claimed.lost == Int(round))
        }
        let claims = try await state.claim("last", now: 9_000, until: 10_000)
        try await state.giveBack(claims[0], .retry(at: at(9_500)), at: at(9_000))
        let again = try await state.claim("last", now: 9_500, until: 10_000)
        #expect(again[0].jobs.map(\.attempts) == [2])
        #expect(again[0].jobs.map(\.lost) == [7])
    }

    @Test(arguments: engines) func whatWasLostOrFailed_goesAlone_andWhatIsNewTogether(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply((1...3).map { job("\($0)") })
        let all = try await state.claim(until: 2_000)
        #expect(all[0].jobs.count == 3)
        try await state.apply([job("4"), job("5")])
        let lost = try await state.claim("b", now: 2_000, until: 3_000)
        #expect(lost[0].jobs.map(\.id) == ["1"])
        try await state.apply([], now: 2_500, completing: lost[0])
        for id in ["2", "3"] {
            let next = try await state.claim("b", now: 2_500, until: 3_000)
            #expect(next[0].jobs.map(\.id) == [id])
            try await state.apply([], now: 2_500, completing: next[0])
        }
        let rest = try await state.claim("b", now: 2_500, until: 3_000)
        #expect(rest[0].jobs.map(\.id) == ["4", "5"])
        try await state.giveBack(rest[0], .retry(at: at(2_600)), at: at(2_500))
        try await state.apply([job("6")])
        let failed = try await state.claim("b", now: 2_600, until: 3_000)
        #expect(failed[0].jobs.map(\.id) == ["4"])
    }

    /// Whoever kills its host takes along those who run beside it: so it runs beside none of those that were lost before.
    @Test(arguments: engines) func ofTheJobsThatWereLostTwice_oneRunsAtATime(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply((1...4).map { job("\($0)", group: "g\($0)") })
        for round in 0..<2 as Range<Int64> {
            let all = try await state.claim(
                "host-\(round)", now: 1_000 + round * 1_000, until: 2_000 + round * 1_000)
            #expect(all.count == 4)
        }
        try await state.apply([job("new", group: "n")])
        let first = try await state.claim("c", now: 3_000, until: 60_000)
        #expect(first.map { $0.jobs[0].lost }.sorted() == [0, 2])
        #expect(try await state.claim("d", now: 3_500, until: 60_000).isEmpty)
        #expect(try await state.claim("d", now: 4_000, until: 60_000).isEmpty, "it still runs")
        let suspect = try #require(first.first { $0.jobs[0].lost == 2 })
        try await state.apply([], now: 4_500, completing: suspect)
        let second = try await state.claim("d", now: 5_000, until: 60_000)
        #expect(second.map { $0.jobs[0].lost } == [2])
        #expect(second[0].group != suspect.group)
    }

    // MARK: The clock was eight hours ahead and is corrected

    @Test(arguments: engines) func jobsWaitsAndLeases_ofAClockThatWasAhead_countFromNow(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let ahead = 8 * hour
        try await state.apply([job("new", group: "new")], now: ahead)
        try await state.apply([job("leased", group: "leased"), job("waits", group: "waits")], now: ahead)
        _ = try await state.claim("dead", now: ahead, until: ahead + 6_000, groups: 3)
        try await state.apply([job("2", group: "late")], now: ahead)
        let late = try await state.claim("host", now: ahead, until: ahead + 6_000)
        try await state.giveBack(late[0], .wait(until: at(ahead + 60_000)), at: at(ahead))
        // An hour is over by the true clock, and nobody gets anything.
        #expect(try await state.claim("host", now: hour, until: hour + 6_000).isEmpty)
        try await state.heartbeat(host: "host", now: at(hour), expiresAt: at(hour + 6_000))
        #expect(try await state.nextJob(queue: "story") == at(hour + 6_000), "a lease lasts as long as one")
        let taken = try await state.claim("host", now: hour + 6_000, until: hour + 12_000)
        #expect(Set(taken.map(\.group)) == ["new", "leased", "waits"])
        #expect(
            try await state.claim("host", now: hour + 59_999, until: hour + 70_000, groups: 9).allSatisfy {
                $0.group != "late"
            })
        let waited = try await state.claim("host", now: hour + 60_000, until: hour + 70_000, groups: 9)
        #expect(waited.contains { $0.group == "late" }, "a wait keeps its length")
    }

    @Test(arguments: engines) func theOrderOfTheQueue_isThatOfComing_whateverTheClockSaid(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        try await fixture.state.apply([job("early", group: "early")], now: 8 * hour)
        try await fixture.state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        try await fixture.state.apply([job("late", group: "late")], now: hour + 5)
        #expect(
            try await fixture.state.claim(now: hour + 10, until: hour + 99).map(\.group) == ["early", "late"])
    }

    @Test(arguments: engines) func aLeaseOfALivingHost_isProlongedFromTheTrueTime(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")], now: 8 * hour)
        let claims = try await state.claim("host", now: 8 * hour, until: 8 * hour + 6_000)
        try await state.heartbeat(host: "host", now: at(hour), expiresAt: at(hour + 6_000))
        try await state.heartbeat(host: "host", now: at(hour + 2_000), expiresAt: at(hour + 8_000))
        #expect(try await state.claim("b", now: hour + 7_999).isEmpty)
        #expect(try await state.claim("b", now: hour + 8_000).count == 1)
        await #expect(throws: StoreError.leaseLost) { try await state.apply([], completing: claims[0]) }
    }

    @Test(arguments: engines) func followers_areToldOfQueues_whoseTimesAreCorrected(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        try await fixture.state.apply([job("1")], now: 8 * hour)
        let committed = fixture.state.committed()
        try await fixture.state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        var queues: Set<String>?
        for await news in committed {
            queues = news.queues
            break
        }
        #expect(queues == ["story"])
    }

    @Test(arguments: engines) func aHostThatDied_whileItsClockWasAhead_isDead(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.heartbeat(host: "dead", now: at(8 * hour), expiresAt: at(8 * hour + 6_000))
        try await state.apply([.connect(connection: "c", host: "dead", subject: "p", session: nil)])
        try await state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        #expect(try await state.connection(id: "c")?.lostAt == at(hour))
    }

    @Test(arguments: engines) func aConnectionThatWasLost_whileTheClockWasAhead_isLostNow(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        try await state.apply([.connect(connection: "c", host: "h", subject: "p", session: nil)])
        try await state.apply([.suspend(connection: "c")], now: 8 * hour)
        try await state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        #expect(try await state.connection(id: "c")?.lostAt == at(hour))
    }

    /// Restarts are no failures, and no losses either: who stops in order gives back what it had.
    @Test(arguments: engines) func jobsOfAHostThatStops_areFree_andNotLost(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1"), job("2")])
        let claims = try await state.claim("host", now: 1_000, until: 7_000)
        try await state.retire(host: "host", now: at(1_500))
        let again = try await state.claim("other", now: 1_500, until: 7_000)
        #expect(again[0].jobs.map(\.id) == ["1", "2"])
        #expect(again[0].jobs.allSatisfy { $0.lost == 0 && $0.attempts == 1 })
        await #expect(throws: StoreError.leaseLost) { try await state.apply([], completing: claims[0]) }
    }
}
