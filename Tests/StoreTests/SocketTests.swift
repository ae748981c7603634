import Testing

@testable import Store

@Suite struct SocketTests {
    /// Rows of a kind, read past the interface, which has no use for them yet.
    static func count(_ fixture: Fixture, _ table: String, where condition: String = "true") throws -> Int64 {
        let database = try Database(path: fixture.path, access: .readOnly, limits: StoreLimits())
        return try database.integer("SELECT count(*) FROM \(table) WHERE \(condition)")
    }

    static func connect(_ id: String, host: String = "h", subject: String = "p") -> UnitOfWork.Write {
        .connect(connection: id, host: host, subject: subject, session: nil)
    }

    @Test func rooms_areJoinedAndLeft_byConnectionAndBySubject() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply([Self.connect("1"), Self.connect("2"), Self.connect("3", subject: "q")])
        try await state.apply([.join(room: "a", .subject("p")), .join(room: "a", .connection("3"))])
        #expect(try Self.count(fixture, "membership", where: "room = 'a'") == 3)
        try await state.apply([.join(room: "a", .subject("p"))])
        #expect(try Self.count(fixture, "membership") == 3, "joining twice is joining once")
        try await state.apply([.leave(room: "a", .subject("p"))])
        #expect(try Self.count(fixture, "membership", where: "connection = '3'") == 1)
        try await state.apply([.leave(room: "a", .connection("3")), .leave(room: "a", .connection("none"))])
        #expect(try Self.count(fixture, "membership") == 0)
    }

    @Test func disconnect_forgetsTheConnectionAndItsRooms() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([
            Self.connect("1"), Self.connect("2"), .join(room: "a", .subject("p")),
            .join(room: "b", .subject("p")),
        ])
        try await fixture.state.apply([.disconnect(connection: "1"), .disconnect(connection: "none")])
        #expect(try Self.count(fixture, "connection") == 1)
        #expect(try Self.count(fixture, "membership", where: "connection = '1'") == 0)
        #expect(try Self.count(fixture, "membership", where: "connection = '2'") == 2)
    }

    @Test func connectionsOfADeadHost_areForgottenAtAnothersHeartbeat() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.heartbeat(host: "a", now: at(0), expiresAt: at(1_000))
        try await state.heartbeat(host: "b", now: at(0), expiresAt: at(5_000))
        try await state.apply([
            Self.connect("1", host: "a"), Self.connect("2", host: "b"), .join(room: "r", .subject("p")),
        ])
        try await state.heartbeat(host: "b", now: at(1_000), expiresAt: at(6_000))
        #expect(try Self.count(fixture, "connection") == 2)
        try await state.heartbeat(host: "b", now: at(1_001), expiresAt: at(6_000))
        #expect(try Self.count(fixture, "connection", where: "id = '2'") == 1)
        #expect(try Self.count(fixture, "connection") == 1)
        #expect(try Self.count(fixture, "membership") == 1)
    }

    @Test func retiredHost_isForgottenWithItsConnections() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        for host in ["a", "b"] { try await state.heartbeat(host: host, now: at(0), expiresAt: at(9_000)) }
        try await state.apply([
            Self.connect("1", host: "a"), Self.connect("2", host: "b"), .join(room: "r", .subject("p")),
        ])
        try await state.retire(host: "a")
        try await state.retire(host: "a")
        #expect(try Self.count(fixture, "connection") == 1)
        #expect(try Self.count(fixture, "membership") == 1)
        #expect(try Self.count(fixture, "host") == 1)
    }
}
