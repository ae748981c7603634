import Base
import Ledger
import StoreSupport
import Testing

@Suite struct ConnectionTests {
    @Test(arguments: engines) func lateNews_ofTheHostBefore_doesNotTouchAResumedConnection(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([connect("1", host: "a")])
        try await state.apply([connect("1", host: "b")])
        try await state.apply([
            .suspend(connection: "1", host: "a"), .disconnect(connection: "1", host: "a"),
        ])
        let resumed = try #require(try await state.connection(id: "1"))
        #expect(resumed.host == "b" && resumed.lostAt == nil)
        try await state.apply([.suspend(connection: "1", host: "b")], now: 7)
        #expect(try await state.connection(id: "1")?.lostAt == at(7))
        try await state.apply([.suspend(connection: "1", host: "b")], now: 8)
        #expect(try await state.connection(id: "1")?.lostAt == at(7), "lost is lost")
        try await state.apply([.disconnect(connection: "1", host: "b")])
        #expect(try await state.connection(id: "1") == nil)
    }

    @Test(arguments: engines) func connection_isReadAsItWasRecorded(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        #expect(try await state.connection(id: "1") == nil)
        let number = try await state.apply([
            .connect(connection: "1", host: "h", subject: "p", session: "s", namespace: "/lobby")
        ])
        let expected = StoredConnection(
            id: "1", host: "h", subject: "p", session: "s", namespace: "/lobby", since: number - 1,
            lostAt: nil)
        #expect(try await state.connection(id: "1") == expected)
    }

    @Test(arguments: engines) func resumedConnection_keepsItsRooms_andTellsThemAtItsPlace(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let stream = state.committed()
        let first = try await state.apply([
            connect("1", host: "a"), .join(room: "y", .subject("p")), .join(room: "x", .subject("p")),
            .join(room: "z", .subject("p")), .leave(room: "z", .subject("p")),
        ])
        try await state.apply([.suspend(connection: "1")], now: 5)
        // What happens to its subject meanwhile happens to it.
        try await state.apply([.leave(room: "y", .subject("p")), .join(room: "w", .subject("p"))])
        let last = try await state.apply([
            .connect(connection: "1", host: "b", subject: "p", session: "new"),
            .join(room: "v", .connection("1")), emit("end"),
        ])
        var effects: [Effect] = []
        for await committed in stream {
            effects += committed.effects
            if committed.number >= last { break }
        }
        let index = try #require(
            effects.firstIndex {
                $0.kind == .resumed(connection: "1", host: "b", rooms: ["w", "x"])
            })
        #expect(effects[index].number == last - 3)
        #expect(effects[index + 1].kind == .join(room: "v", .connection("1")))
        #expect(effects.count { if case .resumed = $0.kind { true } else { false } } == 1)
        let connection = try #require(try await state.connection(id: "1"))
        #expect(connection.session == "new" && connection.host == "b" && connection.lostAt == nil)
        #expect(connection.since == first - 5)
    }

    @Test(arguments: engines) func session_livesUntilItExpiresOrIsRevoked(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        try await state.apply([.openSession(id: "s", subject: "p", expiresAt: at(5_000))])
        #expect(try await state.isSessionLive(id: "s", of: "p", now: at(4_999)))
        #expect(try await !state.isSessionLive(id: "s", of: "p", now: at(5_000)))
        #expect(try await !state.isSessionLive(id: "none", of: "p", now: at(1)))
        #expect(try await !state.isSessionLive(id: "s", of: "q", now: at(1)))
        let stream = state.committed()
        try await state.apply([.revokeSession(id: "s")])
        #expect(try await !state.isSessionLive(id: "s", of: "p", now: at(1)))
        for await committed in stream {
            #expect(committed.effects.map(\.kind) == [.sessionEnded(session: "s")])
            break
        }
    }
}
