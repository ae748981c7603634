import Wire
import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing

/// `$connect` and `$disconnect`.
@Suite struct SocketConnectTests {
    private static func connect(_ record: Record, _ gate: Gate? = nil) -> Route {
        Route("connect", on: .socket(event: "$connect"), access: .authenticated) { _, context in
            record.add("connect")
            await gate?.pass()
            try context.openConnection()
            try context.join("all")
            return .null
        }
    }

    private static func disconnect(_ record: Record) -> Route {
        Route("disconnect", on: .socket(event: "$disconnect"), access: .authenticated) { _, context in
            context.closeConnection()
            record.add("disconnect \(try context.subject)")
            return .null
        }
    }

    @Test func connect_refuses_withTheProblemAsData() async throws {
        let record = try Record()
        try await serve([Self.connect(record), Self.disconnect(record), .login]) { server in
            let socket = try server.webSocket()
            let refusal = try socket.tryConnect()
            #expect(refusal.hasPrefix(#"44{"message":"Authentication is needed","data":{"#))
            #expect(refusal.contains(#""status":401"#))
            #expect(try socket.tryConnect(auth: #"{"token":"bad"}"#).hasPrefix("44"))
            try socket.connect(auth: #"{"token":"\#(try server.token(of: "ada"))"}"#)
            #expect(record.all == ["connect"])
        }
        // The stop, too, is a way of leaving.
        #expect(record.all == ["connect", "disconnect ada"])
    }

    enum Leaving: CaseIterable { case packet, engineClose, closeFrame, end, reset, violation }

    @Test(arguments: Leaving.allCases)
    func disconnect_runsOnce_howeverTheClientLeaves(leaving: Leaving) async throws {
        let record = try Record()
        try await serve([Self.connect(record), Self.disconnect(record), .login]) { server in
            let socket = try server.socket(auth: #"{"token":"\#(try server.token(of: "ada"))"}"#)
            switch leaving {
            case .packet: try socket.send("41")
            case .engineClose: try socket.send("1")
            case .closeFrame: try socket.frame(.close, [])
            case .end: socket.client.endSending()
            case .reset: socket.client.reset()
            case .violation: try socket.frame(.text, [0x34], masked: false)
            }
            #expect(record.wait(for: 2) == ["connect", "disconnect ada"])
        }
        #expect(record.all == ["connect", "disconnect ada"])
    }

    @Test func disconnect_runs_alsoForARevokedSession() async throws {
        let record = try Record()
        let revoke = Route("session", on: .http(method: "GET", path: "/session"), access: .authenticated) {
            _, context in
            .string(context.caller?.session ?? "")
        }
        let own = Route("own", on: .socket(event: "own"), access: .authenticated)
        try await serve([Self.connect(record), Self.disconnect(record), .login, revoke, own]) { server in
            let token = try server.token(of: "ada")
            let socket = try server.socket(auth: #"{"token":"\#(token)"}"#)
            let answer = try server.client().exchange("GET", "/session", "Authorization: Bearer \(token)\r\n")
                .text
            try await server.state.apply([.revokeSession(id: String(answer.dropFirst().dropLast()))])
            #expect(try socket.text() == #"42["token_expired",{"reason":"revoked"}]"#)
            #expect(try socket.text() == "41")
            #expect(try socket.closeCode() == 1000)
            #expect(record.wait(for: 2) == ["connect", "disconnect ada"])
        }
    }

    @Test(arguments: [true, false])
    func clientThatLeavesWhileItConnects_isDisconnected(vanishes: Bool) async throws {
        let record = try Record()
        let gate = Gate()
        try await serve([Self.connect(record, gate), Self.disconnect(record), .login]) { server in
            let socket = try server.webSocket()
            try socket.send(#"40{"token":"\#(try server.token(of: "ada"))"}"#)
            _ = record.wait(for: 1)
            if vanishes { socket.client.reset() } else { try socket.send("41") }
            _ = try server.client().exchange("GET", "/healthz")
            #expect(record.all == ["connect"])
            gate.open()
            #expect(record.wait(for: 2) == ["connect", "disconnect ada"])
        }
        #expect(record.all.count == 2)
    }

    @Test func emitsThatComeWhileAClientConnects_followTheConnectAnswer() async throws {
        let record = try Record()
        let gate = Gate()
        let connect = Route("connect", on: .socket(event: "$connect")) { _, context in
            if case .socket(_, let connection, _) = context.trigger { record.add(connection) }
            await gate.pass()
            return .null
        }
        try await serve([connect]) { server in
            let socket = try server.webSocket()
            try socket.send("40")
            let id = record.wait(for: 1).first ?? ""
            try await server.state.apply([
                .join(room: "all", .connection(id)), Self.emit("1"), Self.emit("2"),
            ])
            try await server.state.apply([Self.emit("3")])
            gate.open()
            #expect(try socket.text().hasPrefix("40{"))
            for text in ["1", "2", "3"] { #expect(try socket.text() == #"42["said",\#(text)]"#) }
        }
    }

    @Test func moreThanAConnectingClientMayHold_endsIt() async throws {
        let record = try Record()
        let gate = Gate()
        let connect = Route("connect", on: .socket(event: "$connect")) { _, context in
            if case .socket(_, let connection, _) = context.trigger { record.add(connection) }
            await gate.pass()
            return .null
        }
        let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
            record.add("left")
            return .null
        }
        var settings = SocketSettings()
        settings.sendQueue = 1_000
        try await serve([connect, left], sockets: settings) { server in
            let socket = try server.webSocket()
            try socket.send("40")
            let id = record.wait(for: 1).first ?? ""
            try await server.state.apply(
                [.join(room: "all", .connection(id))]
                    + (1...3).map { _ in Self.emit("\"" + String(repeating: "x", count: 400) + "\"") })
            #expect(try socket.closeCode() == 1013)
            gate.open()
            #expect(record.wait(for: 2).last == "left")
        }
    }

    private static func emit(_ json: String) -> UnitOfWork.Write {
        .emit(Emit(rooms: ["all"], event: "said", json: json))
    }
}
