import Base
import Ledger
import StoreSupport
import Testing

/// Hosts: their lives, and the connections that are theirs.
@Suite struct HostTests {
    @Test(arguments: engines) func heartbeat_saysWhetherTheHostCountedAsAlive(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        #expect(try await !state.heartbeat(host: "a", now: at(0), expiresAt: at(1_000)))
        #expect(try await state.heartbeat(host: "a", now: at(500), expiresAt: at(1_500)))
        // Nobody has looked: it is as if it had been alive.
        #expect(try await state.heartbeat(host: "a", now: at(9_000), expiresAt: at(10_000)))
        try await state.heartbeat(host: "b", now: at(20_000), expiresAt: at(21_000))
        #expect(try await !state.heartbeat(host: "a", now: at(20_001), expiresAt: at(21_000)))
    }

    @Test(arguments: engines) func connectionsOfADeadHost_areLost_atAnothersHeartbeat(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.heartbeat(host: "a", now: at(0), expiresAt: at(1_000))
        try await state.heartbeat(host: "b", now: at(0), expiresAt: at(5_000))
        try await state.apply([connect("1", host: "a"), connect("2", host: "b")])
        try await state.heartbeat(host: "b", now: at(1_000), expiresAt: at(6_000))
        #expect(try await state.connection(id: "1")?.lostAt == nil)
        try await state.heartbeat(host: "b", now: at(1_001), expiresAt: at(6_000))
        #expect(try await state.connection(id: "1")?.lostAt == at(1_001))
        #expect(try await state.connection(id: "2")?.lostAt == nil)
        // It comes back to the other one.
        try await state.apply([connect("1", host: "b")])
        #expect(try await state.connection(id: "1")?.lostAt == nil)
    }

    @Test(arguments: engines) func connectionsOfAHostThatStops_areLostAtOnce(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        for host in ["a", "b"] { try await state.heartbeat(host: host, now: at(0), expiresAt: at(9_000)) }
        try await state.apply([connect("1", host: "a"), connect("2", host: "b")])
        try await state.retire(host: "a", now: at(7))
        try await state.retire(host: "a", now: at(8))
        #expect(try await state.connection(id: "1")?.lostAt == at(7))
        #expect(try await state.connection(id: "2")?.lostAt == nil)
        #expect(try await !state.heartbeat(host: "a", now: at(9), expiresAt: at(99)))
    }

    @Test(arguments: engines) func connections_areGivenInPortions_ofOneHost(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply((0..<7).map { connect("c\($0)", host: $0 == 3 ? "other" : "h") })
        try await state.apply([.suspend(connection: "c5")])
        var found: [String] = []
        while true {
            let portion = try await state.connections(of: "h", after: found.last ?? "", limit: 2)
            #expect(portion.count <= 2)
            if portion.isEmpty { break }
            found += portion.map(\.id)
        }
        #expect(found == ["c0", "c1", "c2", "c4", "c5", "c6"])
        #expect(try await state.connections(of: "none", after: "", limit: 2).isEmpty)
        #expect(try await state.connections(of: "h", after: "", limit: 0).isEmpty)
    }

    @Test(arguments: engines) func marks_areOfTheHostsOwnConnections(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([connect("1", host: "a"), connect("2", host: "b")])
        try await state.mark(["1", "2", "none"], of: "a", lostAt: at(5))
        #expect(try await state.connection(id: "1")?.lostAt == at(5))
        #expect(try await state.connection(id: "2")?.lostAt == nil)
        try await state.mark(["1"], of: "a", lostAt: at(6))
        #expect(try await state.connection(id: "1")?.lostAt == at(5), "lost is lost")
        try await state.mark(["1"], of: "b", lostAt: nil)
        #expect(try await state.connection(id: "1")?.lostAt == at(5))
        try await state.mark(["1"], of: "a", lostAt: nil)
        #expect(try await state.connection(id: "1")?.lostAt == nil)
    }

    @Test(arguments: engines) func disconnect_forgetsTheConnectionAndItsRooms(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([connect("1"), connect("2"), .join(room: "a", .subject("p"))])
        try await state.apply([.disconnect(connection: "1"), .disconnect(connection: "none")])
        #expect(try await state.connection(id: "1") == nil)
        #expect(try await state.connection(id: "2") != nil)
        let last = try await state.apply([
            connect("1"), .emit(Emit(rooms: ["a"], event: "e", json: "1")),
        ])
        let missed = try await state.missed(connection: "1", after: 0, through: last, scanning: 99)
        #expect(missed.effects.isEmpty)
    }

    @Test(arguments: engines, [("q", "/"), ("p", "/lobby")]) func anothersConnection_isReplaced(
        _ engine: TestedEngine, by other: (subject: String, namespace: String)
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([connect("1"), .join(room: "a", .subject("p"))])
        let stream = state.committed()
        let number = try await state.apply([
            connect("1", subject: other.subject, namespace: other.namespace), emit("end"),
        ])
        #expect(try await state.connection(id: "1")?.since == number - 2)
        #expect(try await state.connection(id: "1")?.subject == other.subject)
        for await committed in stream {
            #expect(committed.effects.count == 1, "nothing is resumed")
            break
        }
    }

    @Test(arguments: engines) func closedConnections_areForgotten_andTold(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let stream = state.committed()
        try await state.apply([
            connect("1"), connect("2", namespace: "/lobby"), connect("3", subject: "q"),
            .suspend(connection: "2"),
        ])
        let last = try await state.apply([
            .close(.subject("p"), reason: "banned"), .close(.connection("3"), reason: "full"),
        ])
        for id in ["1", "2", "3"] { #expect(try await state.connection(id: id) == nil) }
        var effects: [Effect] = []
        for await committed in stream {
            effects += committed.effects
            if committed.number >= last { break }
        }
        #expect(
            effects.map(\.kind) == [
                .close(.subject("p"), reason: "banned"), .close(.connection("3"), reason: "full"),
            ])
    }
}
