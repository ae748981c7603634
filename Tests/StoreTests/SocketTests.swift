@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing

@Suite struct SocketTests {
    /// Rows of a kind, read past the interface, which has no use for them.
    static func count(_ fixture: Fixture, _ table: String, where condition: String = "true") throws -> Int64 {
        let database = try Database(path: fixture.path, access: .readOnly, limits: StoreLimits())
        return try database.integer("SELECT count(*) FROM \(table) WHERE \(condition)")
    }

    /// A condition for who is in a room now.
    static let isIn = "left IS NULL"

    @Test func rooms_areJoinedAndLeft_byConnectionAndBySubject() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([connect("1"), connect("2"), connect("3", subject: "q")])
        try await state.apply([.join(room: "a", .subject("p")), .join(room: "a", .connection("3"))])
        #expect(try Self.count(fixture, "membership", where: "room = 'a'") == 3)
        try await state.apply([.join(room: "a", .subject("p")), .join(room: "a", .connection("none"))])
        #expect(try Self.count(fixture, "membership") == 3, "joining twice is joining once")
        try await state.apply([.leave(room: "a", .subject("p"))])
        #expect(try Self.count(fixture, "membership", where: Self.isIn) == 1)
        #expect(try Self.count(fixture, "membership", where: "connection = '3' AND left IS NULL") == 1)
        try await state.apply([.leave(room: "a", .connection("3")), .leave(room: "a", .connection("none"))])
        #expect(try Self.count(fixture, "membership", where: Self.isIn) == 0)
        #expect(try Self.count(fixture, "membership") == 3, "who was in it stays")
        try await state.apply([.join(room: "a", .connection("1"))])
        #expect(try Self.count(fixture, "membership", where: "connection = '1'") == 2)
        #expect(try Self.count(fixture, "membership", where: "left <= joined") == 0)
    }

    @Test func subject_isInRooms_onlyWithItsSocketsOfTheRoomsNamespace() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([connect("1"), connect("2", namespace: "/lobby")])
        try await state.apply([.join(room: "a", .subject("p")), .join(room: "/lobby#a", .subject("p"))])
        #expect(try Self.count(fixture, "membership") == 2)
        #expect(
            try Self.count(fixture, "membership", where: "connection = '2' AND room = '/lobby#a'") == 1)
        try await state.apply([.leave(room: "/lobby#a", .subject("p"))])
        #expect(try Self.count(fixture, "membership", where: "connection = '1' AND left IS NULL") == 1)
        #expect(try Self.count(fixture, "membership", where: Self.isIn) == 1)
    }

    @Test func disconnect_forgetsTheConnectionAndItsRooms() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([
            connect("1"), connect("2"), .join(room: "a", .subject("p")),
            .join(room: "b", .subject("p")),
        ])
        try await fixture.state.apply([.disconnect(connection: "1"), .disconnect(connection: "none")])
        #expect(try Self.count(fixture, "connection") == 1)
        #expect(try Self.count(fixture, "membership", where: "connection = '1'") == 0)
        #expect(try Self.count(fixture, "membership", where: "connection = '2'") == 2)
    }

    @Test(arguments: [("q", "/"), ("p", "/lobby")])
    func anothersConnection_isReplaced(subject: String, namespace: String) async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([connect("1"), .join(room: "a", .subject("p"))])
        let number = try await state.apply([connect("1", subject: subject, namespace: namespace)])
        #expect(try state.connection(id: "1")?.since == number - 1)
        #expect(try Self.count(fixture, "membership") == 0)
        #expect(try Self.count(fixture, "outbox", where: "kind = 9") == 0)
    }

    @Test func closedConnections_areForgotten_andTold() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        let stream = state.committed()
        try await state.apply([
            connect("1"), connect("2", namespace: "/lobby"), connect("3", subject: "q"),
        ])
        try await state.apply([.suspend(connection: "2")])
        let last = try await state.apply([
            .close(.subject("p"), reason: "banned"), .close(.connection("3"), reason: "full"),
        ])
        #expect(try Self.count(fixture, "connection") == 0)
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

    @Test func connectionsOfADeadHost_areLostAtAnothersHeartbeat() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.heartbeat(host: "a", now: at(0), expiresAt: at(1_000))
        try await state.heartbeat(host: "b", now: at(0), expiresAt: at(5_000))
        try await state.apply([
            connect("1", host: "a"), connect("2", host: "b"), .join(room: "r", .subject("p")),
        ])
        try await state.heartbeat(host: "b", now: at(1_000), expiresAt: at(6_000))
        #expect(try Self.count(fixture, "connection", where: "lost_at IS NULL") == 2)
        try await state.heartbeat(host: "b", now: at(1_001), expiresAt: at(6_000))
        #expect(try state.connection(id: "1")?.lostAt == at(1_001))
        #expect(try state.connection(id: "2")?.lostAt == nil)
        #expect(try Self.count(fixture, "membership", where: Self.isIn) == 2)
        // It comes back to the other one.
        try await state.apply([emit("1"), connect("1", host: "b")])
        #expect(try state.connection(id: "1")?.lostAt == nil)
    }

    @Test func retiredHost_isForgotten_andItsConnectionsAreLost() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        for host in ["a", "b"] { try await state.heartbeat(host: host, now: at(0), expiresAt: at(9_000)) }
        try await state.apply([
            connect("1", host: "a"), connect("2", host: "b"), .join(room: "r", .subject("p")),
        ])
        try await state.retire(host: "a", now: at(7))
        try await state.retire(host: "a", now: at(8))
        #expect(try state.connection(id: "1")?.lostAt == at(7))
        #expect(try state.connection(id: "2")?.lostAt == nil)
        #expect(try Self.count(fixture, "membership", where: Self.isIn) == 2)
        #expect(try Self.count(fixture, "host") == 1)
    }
}
