@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing

@Suite struct OutboxTests {
    @Test(arguments: [1, 2, 7, 8, 9, 64]) func burst_largerThanABatch_isToldWhole(batch: Int) async throws {
        let fixture = try Fixture()
        var limits = StoreLimits()
        limits.outboxBatch = batch
        let follower = try fixture.another(limits: limits)
        let stream = follower.committed()
        try await fixture.state.apply((1...64).map { emit("\($0)") })
        follower.catchUp()
        #expect(await stream.said(upTo: "64") == (1...64).map { "\($0)" })
    }

    @Test func kindOfANewerVersion_isPassedOver_notTakenForTheEnd() async throws {
        let fixture = try Fixture()
        var limits = StoreLimits()
        limits.outboxBatch = 2
        let follower = try fixture.another(limits: limits)
        let stream = follower.committed()
        try await fixture.state.apply((1...9).map { emit("\($0)") })
        let database = try Database(path: fixture.path, access: .readWrite, limits: limits)
        try database.execute(
            "UPDATE outbox SET kind = 99 WHERE json_valid(body) AND body IN ('2', '3', '4', '7')")
        follower.catchUp()
        #expect(await stream.said(upTo: "9") == ["1", "5", "6", "8", "9"])
    }

    @Test func argumentsAndText_areToldApart_fromOneValue_inTheOutboxToo() async throws {
        let fixture = try Fixture()
        var sent: [Emit] = []
        for form in DataForm.allCases {
            for wait in [nil, .milliseconds(1), Emit.longestAnswer] as [Duration?] {
                sent.append(
                    Emit(rooms: ["r"], event: "e", json: "[1,2]", form: form, answerWithin: wait))
            }
            sent.append(Emit(rooms: ["r"], event: "e", json: "[1,2]", form: form, isVolatile: true))
        }
        let follower = try fixture.another()
        let stream = follower.committed()
        _ = try await fixture.state.apply(sent.map { .emit($0) })
        follower.catchUp()
        for await committed in stream {
            #expect(committed.effects.map(\.kind) == sent.map { .emit($0) })
            break
        }
        let kept = try SocketTests.count(fixture, "outbox", where: EffectRow.kept)
        #expect(kept == Int64(sent.count { !$0.isVolatile }))
    }

    @Test func rowOfBefore_isOneValue() {
        for (kind, isVolatile) in [(1, false), (257, true), (1 | 5 << 16, false)] as [(Int64, Bool)] {
            let row = EffectRow(kind: kind, target: "r\n", other: "", event: "e", body: "[1,2]")
            guard case .emit(let emit)? = row.effect else { return _ = Issue.record("no emit") }
            #expect(emit.form == .value && emit.json == "[1,2]" && emit.isVolatile == isVolatile)
        }
    }

    @Test func trim_dropsWhatIsOld_inStepsAndNothingElse() async throws {
        var limits = StoreLimits()
        limits.trimBatch = 3
        let fixture = try Fixture(limits: limits)
        let rules = [RateRule(key: "k", limit: 9, window: .seconds(1))]
        _ = try await fixture.state.ask(now: 1_000, rates: rules)
        try await fixture.state.apply((1...10).map { emit("\($0)") }, now: 1_000)
        try await fixture.state.apply(
            [emit("11"), .openSession(id: "a", subject: "p", expiresAt: at(3_000))], now: 2_000)
        try await fixture.state.apply([.openSession(id: "b", subject: "p", expiresAt: at(9_000))], now: 2_000)
        try await fixture.state.trim(now: at(5_000), effectsBefore: at(2_000), connectionsLostBefore: at(0))
        let database = try Database(path: fixture.path, access: .readOnly, limits: limits)
        #expect(try database.integer("SELECT count(*) FROM outbox") == 1)
        #expect(try database.integer("SELECT count(*) FROM rate") == 0)
        #expect(try database.integer("SELECT count(*) FROM session") == 1)
    }
}
