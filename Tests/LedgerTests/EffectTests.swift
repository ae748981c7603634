import Base
import Ledger
import StoreSupport
import Testing

@Suite struct EffectTests {
    @Test(arguments: engines) func effects_areToldInOrderExactlyOnce(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
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

    @Test(arguments: engines) func otherProcessesEffects_areToldInOrder_betweenOnesOwn(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
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

    @Test(arguments: engines) func manyWritersInTwoProcesses_areToldAlikeToBoth(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
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

    @Test(
        arguments: engines,
        [
            [], [""], ["", ""], ["a"], ["a\nb", "c"], ["\\", "\\n", "\n"], ["日本", "\r\n", "e\u{301}"],
        ])
    func roomNames_areKeptAsTheyAre_forOtherProcesses(_ engine: TestedEngine, rooms: [String]) async throws {
        let fixture = try Fixture(engine)
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

    @Test(arguments: engines) func everyKind_comesToOtherProcessesAsItIs(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
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

    @Test(
        arguments: [
            (.zero, 1), (.nanoseconds(1), 1), (.milliseconds(1_500), 1_500), (.seconds(1 << 60), 86_400_000),
            (.seconds(-1), 1),
        ] as [(Duration, Int64)])
    func timeToAnswer_isWholeMilliseconds_withinItsLimits(given: Duration, kept: Int64) {
        let emit = Emit(rooms: [], event: "e", json: "1", answerWithin: given)
        #expect(emit.answerWithin == .milliseconds(kept))
    }

    @Test(arguments: engines) func queues_areNamed_forOnesOwnJobs_andUnknownForAnothers(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        var own = fixture.state.committed().makeAsyncIterator()
        try await fixture.state.apply([job("1", queue: "a"), job("2", queue: "b")])
        #expect(await own.next()?.queues == ["a", "b"])
        try await other.apply([job("3", queue: "c")])
        fixture.state.catchUp()
        let told = await own.next()
        #expect(told != nil && told?.queues == nil)
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
