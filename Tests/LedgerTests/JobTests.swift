import Base
import Ledger
import StoreSupport
import Testing

@Suite struct JobTests {
    @Test(arguments: engines) func jobsOfAGroup_comeInOrder_oneBatchAtATime(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        for index in 1...5 { try await state.apply([job("\(index)")]) }
        try await state.apply([job("other", group: "h")])
        let claims = try await state.claim(batch: 3)
        #expect(claims.map(\.group) == ["g", "h"])
        #expect(claims[0].jobs.map(\.id) == ["1", "2", "3"])
        #expect(claims[0].jobs.allSatisfy { $0.attempts == 1 })
        #expect(try await state.claim("another").isEmpty, "a leased group is nobody else's")
        try await state.apply([entry("done")], completing: claims[0])
        let next = try await state.claim("another")
        #expect(next.map(\.group) == ["g"])
        #expect(next[0].jobs.map(\.id) == ["4", "5"])
        #expect(next[0].lease != claims[0].lease)
    }

    @Test(arguments: engines) func groupsAndBatch_limitAClaim(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        try await fixture.state.apply((0..<5).map { job("\($0)", group: "g\($0)") })
        #expect(try await fixture.state.claim(groups: 0).isEmpty)
        #expect(try await fixture.state.claim(groups: -1).isEmpty)
        #expect(try await fixture.state.claim(groups: 2).count == 2)
        #expect(try await fixture.state.claim(groups: 9).count == 3)
    }

    @Test(arguments: engines) func expiredLease_isTakenOver_andTheFirstWorkersUnitIsNotKept(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        try await fixture.state.apply([job("1")])
        let first = try await fixture.state.claim("a", now: 1_000, until: 2_000)
        #expect(try await other.claim("b", now: 1_999).isEmpty)
        let second = try await other.claim("b", now: 2_000, until: 3_000)
        #expect(second.first?.jobs.first?.attempts == 1 && second.first?.jobs.first?.lost == 1)
        await #expect(throws: StoreError.leaseLost) {
            try await fixture.state.apply(
                [.save(kind: "p", id: "1", body: "a"), entry("e")], completing: first[0])
        }
        #expect(try await fixture.state.record(kind: "p", id: "1") == nil)
        #expect(try await fixture.state.journalEntry(id: "e") == nil)
        try await fixture.state.giveBack(first[0], .bury(reason: "late", at: at(2_500)), at: at(2_500))
        #expect(try await fixture.state.queueDepths() == [QueueDepth(queue: "story", waiting: 1, dead: 0)])
        try await other.apply([.save(kind: "p", id: "1", body: "b")], completing: second[0])
        #expect(try await other.record(kind: "p", id: "1")?.body == "b")
        #expect(try await fixture.state.queueDepths().isEmpty)
        await #expect(throws: StoreError.leaseLost) { try await other.apply([], completing: second[0]) }
    }

    @Test(arguments: engines) func expiredLease_thatNobodyTookOver_mayStillComplete(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        try await fixture.state.apply([job("1")])
        let claim = try await fixture.state.claim(until: 2_000)
        try await fixture.state.apply([], now: 9_000, completing: claim[0])
        #expect(try await fixture.state.queueDepths().isEmpty)
    }

    @Test(arguments: engines) func wait_doesNotCountTheAttempt_retryDoes(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")])
        let first = try await state.claim(now: 1_000)
        try await state.giveBack(first[0], .wait(until: at(5_000)), at: at(1_000))
        #expect(try await state.nextJob(queue: "story") == at(5_000))
        try await state.apply([job("2")])
        #expect(try await state.claim(now: 4_999).isEmpty, "a new job does not wake a waiting group")
        let second = try await state.claim(now: 5_000)
        #expect(second[0].jobs.map(\.attempts) == [1, 1])
        try await state.giveBack(second[0], .retry(at: at(6_000)), at: at(5_000))
        #expect(try await state.claim(now: 5_999).isEmpty)
        let third = try await state.claim(now: 6_000)
        #expect(third[0].jobs.map(\.attempts) == [2])
        #expect(third[0].jobs.map(\.id) == ["1"], "what failed together goes alone")
    }

    @Test(arguments: engines) func buriedJobs_areDeadLetters_andTheRestGoesOn(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply((1...3).map { job("\($0)") })
        let first = try await state.claim(batch: 2)
        try await state.giveBack(first[0], .bury(reason: "no use", at: at(1_500)), at: at(1_500))
        #expect(try await state.queueDepths() == [QueueDepth(queue: "story", waiting: 1, dead: 2)])
        let rest = try await state.claim(now: 1_500)
        #expect(rest[0].jobs.map(\.id) == ["3"])
        try await state.apply([], completing: rest[0])
        #expect(try await state.queueDepths() == [QueueDepth(queue: "story", waiting: 0, dead: 2)])
        #expect(try await state.nextJob(queue: "story") == nil)
    }

    @Test(arguments: engines) func heartbeat_prolongsTheHostsLeases_andShortensNone(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")])
        _ = try await state.claim("host", now: 1_000, until: 2_000)
        try await state.heartbeat(host: "host", now: at(1_500), expiresAt: at(4_000))
        #expect(try await state.claim("b", now: 3_999).isEmpty)
        try await state.heartbeat(host: "host", now: at(1_600), expiresAt: at(1_700))
        #expect(try await state.claim("b", now: 3_999).isEmpty)
        try await state.heartbeat(host: "another", now: at(1_600), expiresAt: at(9_000))
        #expect(try await state.claim("b", now: 4_000).count == 1)
    }

    @Test(arguments: engines) func nextJobAndDepths_areByQueue(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        #expect(try await state.nextJob(queue: "a") == nil)
        try await state.apply([job("1", queue: "a")], now: 3_000)
        try await state.apply([job("2", group: "h", queue: "a"), job("3", queue: "b")], now: 2_000)
        #expect(try await state.nextJob(queue: "a") == at(2_000))
        #expect(
            try await state.queueDepths() == [
                QueueDepth(queue: "a", waiting: 2, dead: 0), QueueDepth(queue: "b", waiting: 1, dead: 0),
            ])
        #expect(try await state.claim(now: 5_000, until: 7_000, queue: "a").map(\.group) == ["h", "g"])
        #expect(try await state.nextJob(queue: "a") == at(7_000), "the end of a lease")
    }

    @Test(arguments: engines) func traceAndPayload_comeBack(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        try await fixture.state.apply([
            .enqueue(queue: "story", group: "g", id: "1", payload: "{\"a\":1}", traceparent: "00-ab-cd-01")
        ])
        let claims = try await fixture.state.claim()
        #expect(claims.first?.jobs.first?.payload == "{\"a\":1}")
        #expect(claims.first?.jobs.first?.traceparent == "00-ab-cd-01")
    }

    @Test(arguments: engines) func manyWorkers_doEveryJobOnce_inOrderWithinItsGroup(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        for index in 0..<60 { try await fixture.state.apply([job("\(index)", group: "g\(index % 4)")]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, state) in [("a", fixture.state), ("b", fixture.state), ("c", other), ("d", other)] {
                group.addTask {
                    while try await !state.queueDepths().isEmpty {
                        for claim in try await state.claim(name, groups: 1, batch: 2) {
                            let done = claim.jobs.map {
                                entry("done\($0.id)", stream: claim.group, body: $0.id)
                            }
                            try await state.apply(done, completing: claim)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for name in 0..<4 {
            let done = try await fixture.state.journal(stream: "g\(name)", last: 100).entries.map(\.body)
            #expect(done == (0..<15).map { "\($0 * 4 + name)" })
        }
    }

    @Test(arguments: engines) func givingBack_takesTheNextNumber_andNoneWhereTheLeaseWasLost(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([job("1")])
        let claims = try await state.claim()
        let claim = try #require(claims.first)
        #expect(try await state.giveBack(claim, .retry(at: at(1_000)), at: at(1_000)) == claim.lease + 1)
        #expect(try await state.giveBack(claim, .retry(at: at(1_000)), at: at(1_000)) == 0)
        #expect(try await state.ticket().number == claim.lease + 2)
        let again = try await state.claim(now: 5_000)
        let second = try #require(again.first)
        #expect(second.lease == claim.lease + 3)
        #expect(
            try await state.giveBack(second, .bury(reason: "x", at: at(1)), at: at(1)) == second.lease + 1)
    }
}
