import Game
import Ledger
import Runtime
import Testing
import TestSupport

@Suite struct SocketTests {
    private func socket(_ event: String, _ connection: String = "socket_1") -> Event.Source {
        .socket(event: event, connection: connection, host: "host_1")
    }

    @Test func aSocket_isRecorded_andLetIntoItsRooms() async throws {
        let runtime = try TestRuntime.game()
        let token = try await runtime.session("session_1", of: "player_1")
        try await runtime.keep(Player(id: "player_1", name: "Ayu", language: .en, location: "harbour"))
        var event = runtime.event(#"{"token":"x"}"#, as: nil, trigger: socket("$connect"))
        event.credential = .token(token)
        let outcome = try await runtime.invoke(event, "socket-connect")
        #expect(outcome.status == 200)
        #expect(outcome.claims?.subject == "player_1")
        #expect(
            outcome.unit.writes == [
                .connect(connection: "socket_1", host: "host_1", subject: "player_1", session: "session_1"),
                .join(room: "player:player_1", .connection("socket_1")),
                .join(room: "location:harbour", .connection("socket_1")),
            ])
    }

    @Test func withoutASession_itIsRefused() async throws {
        let runtime = try TestRuntime.game()
        var event = runtime.event("{}", as: nil, trigger: socket("$connect"))
        let none = try await runtime.invoke(event, "socket-connect")
        #expect(none.status == 401)
        let token = try await runtime.session("session_1", of: "player_1")
        for bad in ["", "x.y.z", String(token.dropLast())] {
            event.credential = .token(bad)
            #expect(try await runtime.invoke(event, "socket-connect").status == 401)
        }
        try await runtime.write([.revokeSession(id: "session_1")])
        event.credential = .token(token)
        let revoked = try await runtime.invoke(event, "socket-connect")
        #expect(revoked.status == 401)
        #expect(revoked.unit == UnitOfWork())
    }

    @Test func onlyASocket_canConnect() async throws {
        let runtime = try TestRuntime.game()
        #expect(try await runtime.invoke(runtime.event("{}"), "socket-connect").status == 400)
    }

    @Test func aDisconnect_forgetsTheSocket() async throws {
        let runtime = try TestRuntime.game()
        let event = runtime.event("", trigger: socket("$disconnect", "socket_7"))
        let outcome = try await runtime.invoke(event, "socket-disconnect")
        #expect(outcome.status == 200)
        #expect(outcome.unit.writes == [.disconnect(connection: "socket_7", host: "host_1")])
        // One that was never recorded is no error.
        #expect(try await runtime.invoke(event, "socket-disconnect").status == 200)
    }

    @Test func aSocketThatMayComeBack_isSuspended() async throws {
        let runtime = try TestRuntime.game()
        let trigger = socket("$disconnect", "socket_7")
        let cases: [(String, UnitOfWork.Write)] = [
            (
                #"{"reason":"transport close","recoverable":true}"#,
                .suspend(connection: "socket_7", host: "host_1")
            ),
            (
                #"{"reason":"client namespace disconnect","recoverable":false}"#,
                .disconnect(connection: "socket_7", host: "host_1")
            ),
            (#"{"reason":"ping timeout"}"#, .disconnect(connection: "socket_7", host: "host_1")),
            ("{}", .disconnect(connection: "socket_7", host: "host_1")),
        ]
        for (data, write) in cases {
            let outcome = try await runtime.invoke(
                runtime.event(data, trigger: trigger), "socket-disconnect")
            #expect(outcome.status == 200)
            #expect(outcome.unit.writes == [write])
        }
    }

    @Test func aSocketThatComesBack_hasItsRooms_andThoseOfItsPlayer() async throws {
        let runtime = try TestRuntime.game()
        let player = Player(id: "player_1", name: "Ayu", language: .en, location: "harbour")
        try await runtime.keep(player)
        let connect = runtime.event("{}", trigger: socket("$connect"))
        #expect(try await runtime.invoke(connect, "socket-connect").status == 200)
        let gone = runtime.event(#"{"recoverable":true}"#, trigger: socket("$disconnect"))
        #expect(try await runtime.invoke(gone, "socket-disconnect").status == 200)
        #expect(try await runtime.state.connection(id: "socket_1")?.lostAt != nil)
        let since = try await runtime.state.connection(id: "socket_1")?.since
        try await runtime.write([
            .emit(Emit(rooms: ["location:harbour"], event: "world_update", json: "1"))
        ])
        #expect(try await runtime.invoke(connect, "socket-connect").status == 200)
        let connection = try #require(try await runtime.state.connection(id: "socket_1"))
        #expect(connection.lostAt == nil && connection.since == since)
        let missed = try await runtime.state.missed(
            connection: "socket_1", after: connection.since, through: .max, scanning: 100)
        #expect(missed.effects.count == 1)
    }
}
