import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing
import TestSupport
import Wire

/// Arguments of events and acknowledgements: none, one or several, and what is too much of them.
@Suite struct ArgumentTests {
    private static let connect = Route("connect", on: .socket(event: "$connect"))
    private static let relay = Route("relay", on: .socket(event: "relay"), handler: "Relay")
    private static let echo = Route("echo", on: .socket(event: "echo"))

    @Test(arguments: [
        "", ",1", ",[]", ",[1,2]", ",1,2", ",1,[2,3],null", #","\u00e9",{"a":{}}"#, ",[],[]",
        #",{"$binary":"AQID"},1"#,
    ])
    func arguments_comeBackAsTheyCame(arguments: String) async throws {
        try await serve([Self.connect, Self.relay]) { server in
            let socket = try server.socket()
            try socket.send(#"427["relay"\#(arguments)]"#)
            if arguments.contains("$binary") {
                let placeholder = #"{"_placeholder":true,"num":0}"#
                let bytes = "bytes [1, 2, 3]"
                try expect(
                    socket, #"451-["relayed",\#(placeholder),1]"#, bytes, "461-7[\(placeholder),1]", bytes)
            } else {
                let told = arguments.replacing("\\u00e9", with: "é")
                try expect(socket, #"42["relayed"\#(told)]"#, "437[\(told.dropFirst())]")
            }
        }
    }

    @Test func attachments_areAmongTheArguments() async throws {
        try await serve([Self.connect, Self.relay]) { server in
            let socket = try server.socket()
            try socket.send(
                #"452-7["relay",{"_placeholder":true,"num":1},"x",{"a":{"_placeholder":true,"num":0}}]"#)
            try socket.frame(.binary, [1])
            try socket.frame(.binary, [2, 3])
            let rest = #"{"_placeholder":true,"num":0},"x",{"a":{"_placeholder":true,"num":1}}]"#
            try expect(
                socket, #"452-["relayed","# + rest, "462-7[" + rest, "bytes [2, 3]", "bytes [1]",
                "bytes [2, 3]", "bytes [1]")
        }
    }

    /// What an invocation says and its acknowledgement may come in either order.
    private func expect(_ socket: SocketClient, _ messages: String...) throws {
        var told: [String] = []
        for _ in messages {
            switch try socket.message() {
            case .text(let text): told.append(text)
            case .binary(let bytes): told.append("bytes \(bytes)")
            case let other: told.append("\(String(describing: other))")
            }
        }
        #expect(told.sorted() == messages.sorted())
    }

    @Test func offset_isBehindTheArguments_howeverManyTheyAre() throws {
        func text(_ json: String, _ form: DataForm) -> String {
            var delivery = Delivery(Emit(rooms: ["r"], event: "m", json: json, form: form), number: 9)
            let packet = delivery.packet(as: .engine(namespace: "/", hasOffset: true, isQuestion: false))
            guard case .message(let text)? = packet.packets.first else { return "" }
            return text
        }
        #expect(text("[1,2]", .value) == #"2["m",[1,2],"9"]"#)
        #expect(text("[1,2]", .arguments) == #"2["m",1,2,"9"]"#)
        #expect(text("[]", .arguments) == #"2["m","9"]"#)
        #expect(text(#""t""#, .text) == #"2["m","t","9"]"#)
    }

    @Test func answersToAQuestion_areToldApart() async throws {
        let ask = Route("ask", on: .socket(event: "ask")) { _, context in
            guard case .socket(_, let connection, _) = context.trigger else { return .null }
            try context.emit("why", Arguments<Int, Int>(1, 2), to: [connection], answerWithin: .seconds(10))
            return .null
        }
        let record = try Record()
        let answered = Route("answered", on: .socket(event: "$ack:why")) { input, _ in
            guard case .object(let members) = input else { return .null }
            record.add(members.map { "\($0.key) \($0.value)" }.joined())
            return .null
        }
        try await serve([Self.connect, ask, answered]) { server in
            let socket = try server.socket()
            for (index, answer) in ["[1]", "[[1,2]]", "[1,2]", "[]", "[null]"].enumerated() {
                try socket.send(#"42["ask"]"#)
                let question = try socket.text()
                let id = question.dropFirst(2).prefix { $0 != "[" }
                #expect(question.hasSuffix(#"["why",1,2]"#))
                // An answer that cannot be read is none.
                let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
                try socket.send("43\(id)\(deep)")
                try socket.send("43\(id)\(answer)")
                _ = record.wait(for: index + 1)
            }
            #expect(
                record.all == [
                    "answer integer(1)",
                    "answer array([Functions.JSONValue.integer(1), Functions.JSONValue.integer(2)])",
                    "answers array([Functions.JSONValue.integer(1), Functions.JSONValue.integer(2)])",
                    "answers array([])", "answer null",
                ])
        }
    }

    @Test func faultOfOneEvent_isToldToWhoeverAsked_andTheSocketLives() async throws {
        try await serve([Self.echo]) { server in
            let socket = try server.socket()
            let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
            let long = String(repeating: "x", count: 257)
            let many = String(repeating: ",1", count: 65)
            for (event, detail) in [
                (#"["echo",\#(deep)]"#, "nested too deeply"), (#"["\#(long)"]"#, "256 bytes"),
                (#"["echo"\#(many)]"#, "64 arguments"),
            ] {
                try socket.send("42" + event)
                try socket.send("427" + event)
                let answer = try socket.text()
                #expect(answer.hasPrefix("437[{") && answer.contains(detail) && answer.contains(":400"))
            }
            try socket.send(#"451-8["echo",[\#(deep),{"_placeholder":true,"num":0}]]"#)
            try socket.frame(.binary, [1])
            #expect(try socket.text().contains("nested too deeply"))
            try socket.send(#"429["echo",1]"#)
            #expect(try socket.text() == "439[1]")
        }
    }

    @Test func connectThatBringsTooMuch_isRefused() async throws {
        try await serve([Self.echo]) { server in
            let socket = try server.webSocket()
            let members = (0..<10_000).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
            let answer = try socket.tryConnect(auth: "{\(members)}")
            #expect(answer.hasPrefix(#"44{"message":"Too large","data":{"#) && answer.contains(":413"))
            try socket.connect(auth: #"{"note":"\#(String(repeating: "x", count: 60_000))"}"#)
        }
    }

    @Test func packetsOfAPostBeforeABadOne_areTaken() async throws {
        let record = try Record()
        let note = Route("note", on: .socket(event: "note")) { _, _ in
            record.add("note")
            return .null
        }
        try await serve([note]) { server in
            let client = try server.client()
            let opened = try client.exchange("GET", "/socket.io/?EIO=4&transport=polling").text
            guard case .open(let handshake) = try EngineIOPacket(decoding: opened) else {
                throw ClientError.notHTTP
            }
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(handshake.sid)"
            #expect(try client.exchange("POST", target, body: "40").status == 200)
            let packets = #"42["note"]\u{1E}42["note"]\u{1E}x\u{1E}42["note"]"#
                .replacing("\\u{1E}", with: "\u{1E}")
            #expect(try client.exchange("POST", target, body: packets).status == 400)
            #expect(record.wait(for: 2) == ["note", "note"])
        }
    }

    @Test func octets_countAsTheyArrived() async throws {
        let small = Route("echo", on: .socket(event: "echo"), limits: Limits(body: 3_000))
        try await serve([small]) { server in
            let socket = try server.socket()
            for (count, isTaken) in [(3_000, true), (3_001, false)] {
                try socket.send(#"451-7["echo",{"_placeholder":true,"num":0}]"#)
                try socket.frame(.binary, [UInt8](repeating: 7, count: count))
                let answer = try socket.text()
                #expect(answer.hasPrefix("461-7[") == isTaken && answer.contains(":413") != isTaken)
                if isTaken { _ = try socket.message() }
            }
        }
    }
}
