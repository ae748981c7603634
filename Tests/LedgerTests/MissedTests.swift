import Base
import Ledger
import StoreSupport
import TestSupport
import Testing

/// What was emitted to a connection, read from the outbox.
@Suite struct MissedTests {
    @Test(arguments: engines) func emits_areThoseToRooms_whileItWasInThem(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([
            say("early", to: ["a", "c"]), connect(), say("before", to: ["a"]),
            .join(room: "a", .connection("c")), say("1", to: ["a"]), .join(room: "a", .connection("c")),
            say("2", to: ["b", "a"]), .leave(room: "a", .connection("c")), say("gone", to: ["a"]),
            .join(room: "a", .connection("c")), say("3", to: ["a"]),
        ])
        try await state.apply([say("4", to: ["a"]), say("other", to: ["b"])])
        #expect(try await state.textsMissed() == ["1", "2", "3", "4"])
    }

    @Test(arguments: engines) func movesOfItsSubject_areFollowed_alsoWhileItIsLost(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([
            connect(), connect("d"), connect("l", namespace: "/lobby"),
            .join(room: "a", .subject("p")), say("1", to: ["a"]),
        ])
        try await state.apply([.suspend(connection: "c")])
        try await state.apply([
            .leave(room: "a", .subject("p")), say("no", to: ["a"]), .join(room: "b", .subject("p")),
            say("2", to: ["a", "b"]), say("x", to: ["/lobby#b"]),
        ])
        #expect(try await state.textsMissed() == ["1", "2"])
        #expect(try await state.textsMissed("d") == ["1", "2"])
        #expect(try await state.textsMissed("l") == [])
    }

    @Test(arguments: engines) func roomsLeftOut_areThoseItWasInThen(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([
            connect(), .join(room: "a", .connection("c")), say("1", to: ["a"], except: ["b"]),
            .join(room: "b", .connection("c")), say("no", to: ["a"], except: ["x", "b"]),
            .leave(room: "b", .connection("c")), say("2", to: ["a"], except: ["b"]),
            say("not me", to: ["a"], except: ["c"]),
        ])
        #expect(try await state.textsMissed() == ["1", "2"])
    }

    @Test(arguments: engines) func ownId_isARoom_thatNobodyElseIsIn(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([connect(), connect("d"), say("1", to: ["c"])])
        #expect(try await state.textsMissed() == ["1"])
        #expect(try await state.textsMissed("d") == [])
        #expect(try await state.textsMissed("none") == [])
        // Another's connection of the same id has none of what was before it.
        try await state.apply([connect(subject: "q"), say("2", to: ["c"])])
        #expect(try await state.textsMissed() == ["2"])
    }

    @Test(arguments: engines) func volatileEmits_areNotAmongThem_andThoseThatAskAre(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let asking = Emit(rooms: ["c"], event: "trade", json: "2", answerWithin: .seconds(5))
        try await state.apply([
            connect(),
            .emit(Emit(rooms: ["c"], event: "e", json: "1", isVolatile: true)), .emit(asking),
            .emit(Emit(rooms: ["c"], event: "e", json: "3", isVolatile: true, answerWithin: .seconds(1))),
        ])
        let missed = try await state.missed(connection: "c", after: 0, through: .max, scanning: 9)
        #expect(missed.effects.map(\.kind) == [.emit(asking)])
    }

    @Test(arguments: engines) func numbers_bindWhatIsFound_atBothEnds(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let last = try await state.apply([connect()] + (1...9).map { say("\($0)", to: ["c"]) })
        let ninth = last - 1
        #expect(try await state.textsMissed(after: ninth - 1) == ["9"])
        #expect(try await state.textsMissed(after: ninth) == [])
        #expect(try await state.textsMissed(after: ninth - 3, through: ninth - 1) == ["7", "8"])
        #expect(try await state.textsMissed(after: .max, through: .min) == [])
        let all = try await state.missed(connection: "c", after: .min, through: .max, scanning: 100)
        #expect(all.through == last && all.effects.map(\.number) == Array(ninth - 8...ninth))
    }

    @Test(arguments: engines, [1, 2, 3, 7, 20, 1_000, .max, 0, -5])
    func portions_makeTheWhole(_ engine: TestedEngine, scanning: Int) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        var writes = [connect(), .join(room: "a", .connection("c"))]
        for index in 0..<40 {
            writes.append(say("\(index)", to: [index.isMultiple(of: 3) ? "a" : "b"]))
        }
        let last = try await state.apply(writes)
        var found: [String] = []
        var through: Int64 = 0
        var rounds = 0
        while through < last, rounds < 100 {
            let missed = try await state.missed(
                connection: "c", after: through, through: last, scanning: scanning)
            #expect(missed.effects.count <= max(1, scanning))
            #expect(missed.through > through)
            found += missed.texts
            through = missed.through
            rounds += 1
        }
        #expect(through == last)
        #expect(found == stride(from: 0, to: 40, by: 3).map { "\($0)" })
    }

    @Test(arguments: engines) func killedHost_losesNothing_ofWhatWasCommitted(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        try await fixture.state.apply([connect(host: "a"), .join(room: "a", .subject("p"))])
        let seen = try await fixture.state.apply([say("1", to: ["a"])])
        try await fixture.state.apply([say("2", to: ["a"])])
        // Its lease has not ended when the client is back.
        let next = try fixture.another()
        let stream = next.committed()
        try await next.apply([say("3", to: ["c"])])
        try await next.apply([connect(host: "b"), say("4", to: ["a"])])
        var place: Int64 = 0
        for await committed in stream where place == 0 {
            for effect in committed.effects {
                if effect.kind == .resumed(connection: "c", host: "b", rooms: ["a"]) { place = effect.number }
            }
            if place > 0 { break }
        }
        #expect(try await next.textsMissed(after: seen, through: place) == ["2", "3"])
        #expect(try await next.textsMissed(after: place) == ["4"])
        #expect(try await fixture.state.textsMissed(after: seen) == ["2", "3", "4"])
    }

    @Test(arguments: engines, ["a\nb", "a\\", "\\n", "\r", "日本", "e\u{301}", ""])
    func roomNames_areFoundAsTheyAre(_ engine: TestedEngine, room: String) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([
            connect(), .join(room: room, .connection("c")), say("1", to: ["x", room]),
            say("no", to: ["a", "b", "n"]), say("no", to: []),
        ])
        #expect(try await state.textsMissed() == ["1"])
    }

    @Test(arguments: engines) func lookedThrough_isAlikeWhatLiveSocketsWereSent(_ engine: TestedEngine)
        async throws
    {
        let seed: UInt64 = 0x5eed_0004
        var random = SplitMix64(seed: seed)
        let fixture = try Fixture(engine)
        let state = fixture.state
        let ids = ["c0", "c1", "c2"]
        let rooms = ["a", "b", "/l#a"]
        try await state.apply([
            connect("c0"), connect("c1"), connect("c2", namespace: "/l"),
        ])
        // A model: who is in which room, and what each was sent.
        var members: [String: Set<String>] = [:]
        var sent: [String: [String]] = [:]
        for round in 0..<300 {
            let room = rooms[Int(random.next() % 3)]
            let id = ids[Int(random.next() % 3)]
            let ofSubject = ids.filter { ($0 == "c2") == (room == "/l#a") }
            switch random.next() % 6 {
            case 0:
                try await state.apply([.join(room: room, .connection(id))])
                members[room, default: []].insert(id)
            case 1:
                try await state.apply([.leave(room: room, .connection(id))])
                members[room]?.remove(id)
            case 2:
                try await state.apply([.join(room: room, .subject("p"))])
                members[room, default: []].formUnion(ofSubject)
            case 3:
                try await state.apply([.leave(room: room, .subject("p"))])
                members[room]?.subtract(ofSubject)
            default:
                let except = random.next() % 3 == 0 ? [rooms[Int(random.next() % 3)]] : []
                try await state.apply([say("\(round)", to: [room, id], except: except)])
                var targets = members[room, default: []].union([id])
                for room in except { targets.subtract(members[room] ?? []) }
                for id in targets { sent[id, default: []].append("\(round)") }
            }
        }
        for id in ids { #expect(try await state.textsMissed(id) == sent[id, default: []], "seed \(seed)") }
    }
}
