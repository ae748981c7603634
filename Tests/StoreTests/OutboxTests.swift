@testable import Base
@testable import Ledger
@testable import SQLite
import Testing

@Suite struct OutboxTests {
    @Test func effects_areToldInOrderExactlyOnce() async throws {
        let fixture = try Fixture()
        let stream = fixture.state.committed()
        let kinds: [UnitOfWork.Write] = [
            .join(room: "r", .connection("c")), .join(room: "r", .subject("p")), emit("1"),
            .leave(room: "r", .connection("c")), .leave(room: "r", .subject("p")), emit("2"),
            .close(.connection("c"), reason: "1"), .close(.subject("p"), reason: "2"),
            .revokeSession(id: "s"),
        ]
        try await fixture.state.apply(kinds)
        var effects: [Effect] = []
        for await committed in stream {
            effects += committed.effects
            if effects.count >= 9 { break }
        }
        #expect(effects.map(\.kind) == kinds.compactMap(\.effect))
        #expect(effects.map(\.number) == effects.map(\.number).sorted())
    }

    @Test func otherProcessesEffects_areToldInOrder_betweenOnesOwn() async throws {
        let fixture = try Fixture()
        let other = try fixture.another()
        let stream = fixture.state.committed()
        try await fixture.state.apply([emit("1")])
        try await other.apply([emit("2")])
        try await other.apply([emit("3")])
        try await fixture.state.apply([emit("4")])
        try await other.apply([emit("5")])
        fixture.state.catchUp()
        fixture.state.catchUp()
        #expect(await stream.said(upTo: "5") == ["1", "2", "3", "4", "5"])
    }

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

    @Test func manyWritersInTwoProcesses_areToldAlikeToBoth() async throws {
        let fixture = try Fixture()
        let other = try fixture.another()
        let streams = [fixture.state.committed(), other.committed()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, state) in [("a", fixture.state), ("b", other)] {
                for task in 0..<4 {
                    group.addTask {
                        for index in 0..<20 { try await state.apply([emit("\(name)\(task).\(index)")]) }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await fixture.state.apply([emit("end")])
        other.catchUp()
        let first = await streams[0].said(upTo: "end")
        let second = await streams[1].said(upTo: "end")
        #expect(first.count == 161 && Set(first).count == 161)
        #expect(first == second)
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

    @Test(arguments: [
        [], [""], ["", ""], ["a"], ["a\nb", "c"], ["\\", "\\n", "\n"], ["日本", "\r\n", "e\u{301}"],
    ])
    func roomNames_areKeptAsTheyAre_overTheOutbox(rooms: [String]) async throws {
        let fixture = try Fixture()
        let follower = try fixture.another()
        let stream = follower.committed()
        let sent = Emit(rooms: rooms, except: rooms.reversed(), event: "said", json: "1")
        try await fixture.state.apply([.emit(sent)])
        follower.catchUp()
        for await committed in stream {
            #expect(committed.effects.map(\.kind) == [.emit(sent)])
            break
        }
    }

    @Test func everyKind_comesOverTheOutboxAsItIs() async throws {
        let fixture = try Fixture()
        let follower = try fixture.another()
        let stream = follower.committed()
        let own = fixture.state.committed()
        let connect = UnitOfWork.Write.connect(connection: "c", host: "h", subject: "p", session: nil)
        let last = try await fixture.state.apply([
            connect, .join(room: "r\n", .subject("p")), .join(room: "q", .connection("c")), connect,
            .emit(Emit(rooms: ["r"], event: "e", json: "1", isVolatile: true)),
            .emit(Emit(rooms: ["r"], event: "e", json: "1", answerWithin: .milliseconds(1))),
            .emit(
                Emit(
                    rooms: [], except: ["x"], event: "", json: "1", isVolatile: true,
                    answerWithin: Emit.longestAnswer)), .leave(room: "q", .subject("p")),
            .leave(room: "q", .connection("c")), .close(.connection("c"), reason: "日本"),
            .close(.subject("p"), reason: ""), .revokeSession(id: "s"),
        ])
        follower.catchUp()
        var told: [[Effect]] = []
        for stream in [own, stream] {
            var effects: [Effect] = []
            for await committed in stream {
                effects += committed.effects
                if committed.number >= last { break }
            }
            told.append(effects)
        }
        #expect(told[0] == told[1])
        #expect(told[0].count == 11)
        #expect(told[0][2].kind == .resumed(connection: "c", host: "h", rooms: ["q", "r\n"]))
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

    @Test(
        arguments: [
            (.zero, 1), (.nanoseconds(1), 1), (.milliseconds(1_500), 1_500), (.seconds(1 << 60), 86_400_000),
            (.seconds(-1), 1),
        ] as [(Duration, Int64)])
    func timeToAnswer_isWholeMilliseconds_withinItsLimits(given: Duration, kept: Int64) {
        let emit = Emit(rooms: [], event: "e", json: "1", answerWithin: given)
        #expect(emit.answerWithin == .milliseconds(kept))
    }

    @Test func queues_areNamed_forOnesOwnJobs_andUnknownForAnothers() async throws {
        let fixture = try Fixture()
        let other = try fixture.another()
        var own = fixture.state.committed().makeAsyncIterator()
        try await fixture.state.apply([job("1", queue: "a"), job("2", queue: "b")])
        #expect(await own.next()?.queues == ["a", "b"])
        try await other.apply([job("3", queue: "c")])
        fixture.state.catchUp()
        let told = await own.next()
        #expect(told != nil && told?.queues == nil)
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

extension UnitOfWork.Write {
    fileprivate var effect: Effect.Kind? {
        switch self {
        case .emit(let emit): .emit(emit)
        case .join(let room, let connections): .join(room: room, connections)
        case .leave(let room, let connections): .leave(room: room, connections)
        case .close(let connections, let reason): .close(connections, reason: reason)
        case .revokeSession(let id): .sessionEnded(session: id)
        default: nil
        }
    }
}
