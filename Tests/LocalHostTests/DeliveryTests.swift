import Ledger
@testable import LocalHost
import Runtime
import Testing
import TestSupport

/// From a commit to the sockets.
@Suite struct DeliveryTests {
    private static let connect = Route("connect", on: .socket(event: "$connect"), access: .authenticated) {
        _, context in
        try context.openConnection()
        try context.join("all")
        try context.join("player:\(try context.subject)")
        return .null
    }
    private static let say = Route("say", on: .socket(event: "say"), access: .authenticated) {
        input, context in
        try context.emit("said", input, to: ["all"], except: ["player:\(try context.subject)"])
        return input
    }
    private static let move = Route("move", on: .socket(event: "move"), access: .authenticated) {
        input, context in
        guard case .string(let room) = input else { return .null }
        try context.leave("all", subject: try context.subject)
        try context.join(room, subject: try context.subject)
        return .null
    }

    private func emit(_ json: String, to rooms: [String], except: [String] = []) -> UnitOfWork.Write {
        .emit(Emit(rooms: rooms, except: except, event: "said", json: json))
    }

    private func socket(_ server: Server, _ player: String) throws -> SocketClient {
        try server.socket(auth: #"{"token":"\#(try server.token(of: player))"}"#)
    }

    @Test func emit_reachesTheSocketsOfItsRooms_inOrder_withoutTheExcepted() async throws {
        try await serve([Self.connect, Self.say, .login]) { server in
            let ada = try socket(server, "ada")
            let bob = try socket(server, "bob")
            for index in 0..<50 { try ada.send(#"42["say",\#(index)]"#) }
            for index in 0..<50 { #expect(try bob.text() == #"42["said",\#(index)]"#) }
            try ada.send(#"421["say",50]"#)
            // Nothing of what ada said came to ada.
            #expect(try ada.text() == "431[50]")
            try await server.state.apply([emit("\"x\"", to: ["all", "player:ada", "player:bob"])])
            #expect(try ada.text() == #"42["said","x"]"#)
            #expect(try bob.text() == #"42["said",50]"#)
            #expect(try bob.text() == #"42["said","x"]"#)
        }
    }

    @Test func roomsOfAPlayer_areThoseOfAllItsSockets() async throws {
        try await serve([Self.connect, Self.move, .login]) { server in
            let sockets = [try socket(server, "ada"), try socket(server, "ada")]
            let bob = try socket(server, "bob")
            try sockets[0].send(#"421["move","cellar"]"#)
            #expect(try sockets[0].text() == "431[null]")
            try await server.state.apply([
                emit("1", to: ["all"]), emit("2", to: ["cellar"]), emit("3", to: ["player:ada"]),
            ])
            for socket in sockets {
                #expect(try socket.text() == #"42["said",2]"#)
                #expect(try socket.text() == #"42["said",3]"#)
            }
            #expect(try bob.text() == #"42["said",1]"#)
        }
    }

    @Test func commitOfAnotherProcess_reachesTheSockets() async throws {
        try await serve([Self.connect, .login]) { server in
            let ada = try socket(server, "ada")
            let other = try Store.file(server.directory.file("store.db")).open()
            for index in 0..<5 { try await other.apply([emit("\(index)", to: ["all"])]) }
            for index in 0..<5 { #expect(try ada.text() == #"42["said",\#(index)]"#) }
            await other.close()
        }
    }

    @Test func hostsOverOneStore_tellEachOthersSockets() async throws {
        try await serve([Self.connect, Self.say, Self.move, .login]) { server in
            let other = try await Server([Self.connect, Self.say, Self.move, .login], sharing: server)
            let ada = try socket(server, "ada")
            let bob = try socket(other, "bob")
            try ada.send(#"42["say",1]"#)
            #expect(try bob.text() == #"42["said",1]"#)
            try bob.send(#"42["say",2]"#)
            #expect(try ada.text() == #"42["said",2]"#)
            await other.close()
        }
    }

    @Test func slowSocket_isClosed_andDelaysNobody() async throws {
        var settings = SocketSettings()
        settings.sendQueue = 200_000
        try await serve([Self.connect, .login], sockets: settings) { server in
            let token = try server.token(of: "slow")
            let slow = try SocketClient(try server.client(receiveBuffer: 4_096))
            try slow.connect(auth: #"{"token":"\#(token)"}"#)
            let ada = try socket(server, "ada")
            let text = "\"" + String(repeating: "x", count: 100_000) + "\""
            for _ in 0..<80 {
                try await server.state.apply([emit(text, to: ["all"])])
                #expect(try ada.text().utf8.count == 100_013)
            }
            var bytes = 0
            while let part = try? slow.client.receive() { bytes += part.count }
            #expect(bytes < 80 * 100_000)
        }
    }

    @Test func socketThatIsGone_getsNothing_andLeavesNothing() async throws {
        try await serve([Self.connect, .login]) { server in
            let ada = try socket(server, "ada")
            let bob = try socket(server, "bob")
            bob.client.reset()
            for index in 0..<3 {
                try await server.state.apply([emit("\(index)", to: ["all"])])
                #expect(try ada.text() == #"42["said",\#(index)]"#)
            }
            #expect(await server.host.openSockets == 1)
            #expect(await server.host.connectionIDs.count == 1)
            #expect(await server.host.subjects == ["ada"])
        }
    }
}
