import Net
import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing
import Wire

@Suite struct SocketTests {
    static let echo = Route("socket-echo", on: .socket(event: "echo"))
    static let open = "/socket.io/?EIO=4&transport=websocket"

    @Test func handshake_tellsTheSettings() async throws {
        var settings = SocketSettings()
        settings.pingInterval = .seconds(7)
        settings.pingTimeout = .milliseconds(3_500)
        settings.maxPayload = 5_000
        try await serve([], sockets: settings) { server in
            let handshake = try server.webSocket().handshake
            #expect(handshake.pingInterval == 7_000 && handshake.pingTimeout == 3_500)
            #expect(handshake.maxPayload == 5_000 && handshake.upgrades.isEmpty && !handshake.sid.isEmpty)
        }
    }

    @Test(arguments: [
        (
            "/socket.io/?EIO=4&transport=polling", SocketClient.fields,
            #"{"code":3,"message":"Bad request"}"#
        ),
        ("/socket.io/", SocketClient.fields, #"{"code":0,"message":"Transport unknown"}"#),
        (
            "/socket.io/?EIO=4&transport=websocket&sid=x", SocketClient.fields,
            #"{"code":1,"message":"Session ID unknown"}"#
        ),
        ("/socket.io/?EIO=4&transport=websocket", "", #"{"code":3,"message":"Bad request"}"#),
        (
            "/socket.io/?EIO=3&transport=websocket", SocketClient.fields,
            #"{"code":5,"message":"Unsupported protocol version"}"#
        ),
    ])
    func wrongHandshake_isRefusedInEngineIOsWords(target: String, fields: String, body: String) async throws {
        try await serve([]) { server in
            let client = try server.client()
            let answer = try client.exchange("GET", target, fields)
            #expect(answer.status == 400 && answer.text == body)
            #expect(try client.exchange("GET", "/healthz").status == 200)
        }
    }

    @Test func wrongVersionOfWebSocket_isToldTheRightOne() async throws {
        try await serve([]) { server in
            let fields = SocketClient.fields.replacing("Version: 13", with: "Version: 8")
            let answer = try server.client().exchange("GET", Self.open, fields)
            #expect(answer.status == 426 && answer.headers["Sec-WebSocket-Version"] == "13")
        }
    }

    @Test func events_areAnswered_whateverTheirArguments() async throws {
        try await serve([Self.echo]) { server in
            let socket = try server.socket()
            try socket.send(#"427["echo",{"a":1}]"#)
            #expect(try socket.text() == #"437[{"a":1}]"#)
            try socket.send(#"428["echo",[1,"b"]]"#)
            #expect(try socket.text() == #"438[[1,"b"]]"#)
            try socket.send(#"429["echo"]"#)
            #expect(try socket.text() == "439[null]")
            try socket.send(#"4210["echo",1,"b"]"#)
            #expect(try socket.text().contains("The input must be one argument, and has 2."))
            try socket.send(#"42["echo",1]"#)
            try socket.send(#"421["ecco",1]"#)
            let unknown = try socket.text()
            #expect(unknown.hasPrefix("431[{") && unknown.contains("Did you mean 'echo'?"))
            try socket.send(#"422["$connect",1]"#)
            #expect(try socket.text().contains(#""status":404"#))
        }
    }

    @Test func eventsOfOneSocket_areHandledInOrder_withoutDelayingAnother() async throws {
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            record.add("slow")
            await gate.pass()
            return input
        }
        try await serve([Self.echo, slow]) { server in
            let socket = try server.socket()
            try socket.send(#"421["slow",1]"#)
            for id in 2...20 { try socket.send(#"42\#(id)["echo",\#(id)]"#) }
            try socket.send(#"4221["none"]"#)
            #expect(record.wait(for: 1) == ["slow"])
            let other = try server.socket()
            try other.send(#"421["echo",1]"#)
            #expect(try other.text() == "431[1]")
            gate.open()
            for id in 1...20 { #expect(try socket.text() == "43\(id)[\(id)]") }
            #expect(try socket.text().hasPrefix("4321["))
        }
    }

    @Test func backlog_holdsTheClientBack_andLosesNothing() async throws {
        var limits = HostLimits()
        limits.queuedEvents = 4
        var settings = SocketSettings()
        settings.pingInterval = .milliseconds(100)
        settings.pingTimeout = .milliseconds(300)
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            record.add("entered")
            await gate.pass()
            return input
        }
        try await serve([slow], limits: limits, sockets: settings) { server in
            let socket = try server.socket()
            let text = String(repeating: "x", count: 2_000)
            for id in 0..<500 { try socket.send(#"42\#(id)["slow","\#(text)"]"#) }
            _ = record.wait(for: 1)
            // Its pongs wait behind the backlog: that is no reason to take it for dead.
            let later = try Record()
            _ = server.loop.schedule(after: .milliseconds(900)) { later.add("later") }
            _ = later.wait(for: 1)
            #expect(await server.host.largestBacklog <= 4)
            gate.open()
            for id in 0..<500 { #expect(try socket.text().hasPrefix("43\(id)[")) }
        }
    }

    @Test func namespaceOtherThanTheMainOne_isRefused() async throws {
        try await serve([Self.echo]) { server in
            let socket = try server.webSocket()
            try socket.send("40/admin,{}")
            #expect(try socket.text() == #"44/admin,{"message":"Invalid namespace"}"#)
            try socket.connect()
        }
    }

    @Test func disconnect_thenConnect_isANewSocketOnTheSameWebSocket() async throws {
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            record.add("slow")
            await gate.pass()
            record.add("slow ends")
            return input
        }
        let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
            record.add("left")
            return .null
        }
        try await serve([Self.echo, slow, left]) { server in
            let socket = try server.socket()
            let first = socket.sid
            try socket.send(#"420["slow",1]"#)
            _ = record.wait(for: 1)
            try socket.send("41")
            try socket.connect()
            #expect(socket.sid != first)
            gate.open()
            // The answer to the old socket's event is not the new one's, and its end comes before its farewell.
            #expect(record.wait(for: 3) == ["slow", "slow ends", "left"])
            try socket.send(#"420["echo",2]"#)
            #expect(try socket.text() == "430[2]")
        }
    }

    @Test func closeFrame_isEchoed() async throws {
        try await serve([Self.echo]) { server in
            for code in [1000, 4_321] as [UInt16] {
                let socket = try server.socket()
                try socket.frame(.close, [UInt8(code >> 8), UInt8(code & 255)])
                #expect(try socket.closeCode() == code)
                #expect(socket.client.hasEnded())
            }
            let socket = try server.socket()
            try socket.frame(.ping, [1, 2])
            #expect(try socket.message() == .pong([1, 2]))
            try socket.send("2probe")
            #expect(try socket.text() == "3probe")
            try socket.send("1")
            #expect(try socket.closeCode() == 1000)
        }
    }

    @Test func brokenFrames_areClosedWithTheirCode() async throws {
        var settings = SocketSettings()
        settings.maxPayload = 1_000
        try await serve([Self.echo], sockets: settings) { server in
            let cases: [(WebSocketOpcode, [UInt8], Bool, UInt16)] = [
                (.text, Array("2".utf8), false, 1002), (.text, [0x34, 0xff], true, 1007),
                (.text, [UInt8](repeating: 0x34, count: 1_001), true, 1009), (.binary, [1], true, 1002),
                (.text, Array("9".utf8), true, 1002), (.text, Array("49".utf8), true, 1002),
                (.text, Array("42[1]".utf8), true, 1002), (.text, Array(#"42["connect"]"#.utf8), true, 1002),
                (.text, Array("40".utf8), true, 1002), (.continuation, [1], true, 1002),
                (.text, [], true, 1002),
            ]
            for (opcode, payload, isMasked, code) in cases {
                let socket = try server.socket()
                try socket.frame(opcode, payload, masked: isMasked)
                #expect(try socket.closeCode() == code, "\(opcode) \(payload.prefix(20))")
            }
            let early = try server.webSocket()
            try early.send(#"42["echo"]"#)
            #expect(try early.closeCode() == 1002)
        }
    }

    @Test func silentClient_isPinged_thenClosed() async throws {
        var settings = SocketSettings()
        settings.pingInterval = .milliseconds(50)
        // Long enough for a slow machine to connect.
        settings.pingTimeout = .seconds(1)
        let record = try Record()
        let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
            record.add("left")
            return .null
        }
        try await serve([left], sockets: settings) { server in
            let silent = try server.socket()
            #expect(try silent.message() == .text("2"))
            #expect(throws: ClientError.self) { try silent.closeCode() }
            #expect(record.wait(for: 1) == ["left"])
        }
    }

    @Test func answeringClient_staysOpen() async throws {
        var settings = SocketSettings()
        settings.pingInterval = .milliseconds(50)
        settings.pingTimeout = .seconds(5)
        try await serve([Self.echo], sockets: settings) { server in
            let socket = try server.socket()
            for _ in 0..<4 {
                #expect(try socket.message() == .text("2"))
                try socket.send("3")
            }
            try socket.send(#"421["echo",1]"#)
            #expect(try socket.text() == "431[1]")
        }
    }

    @Test func clientThatDoesNotConnect_isClosed() async throws {
        var settings = SocketSettings()
        settings.connectTimeout = .milliseconds(50)
        try await serve([], sockets: settings) { server in
            let code = try server.webSocket().closeCode()
            #expect(code == 1000)
        }
    }

    @Test func eventsSentWithTheUpgrade_areNotLost() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            var bytes = Array(request("GET", Self.open, SocketClient.fields).utf8)
            WebSocketEncoder.frame(.text, "40", into: &bytes, maskedWith: 7)
            WebSocketEncoder.frame(.text, #"421["echo",1]"#, into: &bytes, maskedWith: 7)
            try client.send(bytes)
            #expect(try client.response().status == 101)
            var decoder = WebSocketDecoder(role: .client)
            var texts: [String] = []
            while texts.count < 3 {
                if case .text(let text)? = try decoder.next() {
                    texts.append(text)
                } else {
                    decoder.append(try client.receive())
                }
            }
            #expect(texts[1].hasPrefix("40{") && texts[2] == "431[1]")
        }
    }
}
