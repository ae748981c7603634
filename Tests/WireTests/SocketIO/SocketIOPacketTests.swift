import TestSupport
import Testing
import Wire

@Suite struct SocketIOPacketTests {
    // The examples of https://socket.io/docs/v4/socket-io-protocol/#packet-encoding
    @Test(
        arguments: [
            ("0", SocketIOPacket(kind: .connect)),
            (#"0{"sid":"wZX3oN0bSVIhsaknAAAI"}"#, .connect(sid: "wZX3oN0bSVIhsaknAAAI")),
            (#"0/a,{"sid":"x","pid":"y"}"#, .connect(sid: "x", pid: "y", namespace: "/a")),
            ("0/admin,", SocketIOPacket(kind: .connect, namespace: "/admin")),
            (
                #"0/admin,{"token":"1,2"}"#,
                SocketIOPacket(kind: .connect, namespace: "/admin", json: #"{"token":"1,2"}"#)
            ),
            ("0/chat?x=1,", SocketIOPacket(kind: .connect, namespace: "/chat", query: "x=1")),
            ("0/?x=1&y,{}", SocketIOPacket(kind: .connect, query: "x=1&y", json: "{}")),
            (#"4{"message":"Not authorized"}"#, .connectError(message: "Not authorized")),
            (
                #"4/a,{"message":"no","data":{"status":401}}"#,
                .connectError(message: "no", data: #"{"status":401}"#, namespace: "/a")
            ),
            (#"2["foo"]"#, .event("foo", json: [])),
            (#"2/admin,["bar"]"#, .event("bar", json: [], namespace: "/admin")),
            (#"212["foo"]"#, .event("foo", json: [], id: 12)),
            (
                #"2/admin,13["foo",{"a":[1]}]"#,
                .event("foo", json: [#"{"a":[1]}"#], namespace: "/admin", id: 13)
            ),
            ("312[]", .ack(id: 12, json: [])),
            (#"3/admin,13["bar"]"#, .ack(id: 13, json: ["\"bar\""], namespace: "/admin")),
            ("1", .disconnect()), ("1/admin,", .disconnect(namespace: "/admin")),
            (
                #"51-["baz",{"_placeholder":true,"num":0}]"#,
                SocketIOPacket(
                    kind: .binaryEvent, attachments: 1, json: #"["baz",{"_placeholder":true,"num":0}]"#)
            ),
            (
                #"52-/admin,14["baz",1]"#,
                SocketIOPacket(
                    kind: .binaryEvent, namespace: "/admin", id: 14, attachments: 2, json: #"["baz",1]"#)
            ),
            (
                #"51-/a,7["baz",{"_placeholder":true,"num":0}]"#,
                .event(
                    "baz", json: [#"{"_placeholder":true,"num":0}"#], namespace: "/a", id: 7, attachments: 1)
            ),
            (#"62-/a,7[1]"#, .ack(id: 7, json: ["1"], namespace: "/a", attachments: 2)),
            (#"61-15["bar"]"#, SocketIOPacket(kind: .binaryAck, id: 15, attachments: 1, json: #"["bar"]"#)),
        ] as [(String, SocketIOPacket)])
    func packet_isReadAndWritten(text: String, packet: SocketIOPacket) throws {
        #expect(try SocketIOPacket(decoding: text) == packet)
        #expect(packet.encoded() == text)
    }

    @Test func namespaceWithoutComma_goesToTheEnd() throws {
        #expect(try SocketIOPacket(decoding: "1/admin") == .disconnect(namespace: "/admin"))
        #expect(
            try SocketIOPacket(decoding: "42/x,7[\"a\"]".dropFirst())
                == .event("a", json: [], namespace: "/x", id: 7))
    }

    @Test(
        arguments: [
            ("", .empty), ("7", .unknownType), ("-", .unknownType), ("/", .unknownType), ("{}", .unknownType),
            ("城", .unknownType), ("2", .invalidPayload), ("2{}", .invalidPayload), ("2x", .invalidPayload),
            (#"2"foo""#, .invalidPayload), ("2/a[\"b\"]", .invalidPayload), ("0[]", .invalidPayload),
            ("0null", .invalidPayload), ("1{}", .invalidPayload), ("4", .invalidPayload),
            ("4[]", .invalidPayload),
            ("3[]", .invalidID), ("31", .invalidPayload), ("012{}", .invalidID), ("11", .invalidID),
            ("212345678901[\"a\"]", .invalidID), ("299999999999999999999999[\"a\"]", .invalidID),
            ("2-1[\"a\"]", .invalidPayload), ("5[\"a\"]", .invalidAttachments),
            ("5-[\"a\"]", .invalidAttachments),
            ("51[\"a\"]", .invalidAttachments), ("51", .invalidAttachments),
            ("511-[\"a\"]", .tooManyAttachments),
            ("599999999999999999999-[\"a\"]", .tooManyAttachments), ("5１-[\"a\"]", .invalidAttachments),
            ("0/" + String(repeating: "a", count: 256) + ",", .namespaceTooLong),
        ] as [(String, SocketIOError)])
    func text_isRefused(text: String, error: SocketIOError) {
        #expect(throws: error) { try SocketIOPacket(decoding: text) }
    }

    @Test func id_ofTenDigits_isTaken() throws {
        #expect(try SocketIOPacket(decoding: "29999999999[\"a\"]").id == 9_999_999_999)
        #expect(try SocketIOPacket(decoding: "2007[\"a\"]").id == 7)
    }

    @Test func event_isTakenApart_intoRawArguments() throws {
        let packet = try SocketIOPacket(decoding: #"2[ "pl\u0061y" , {"a":"],[" ,"b":[1,2]} ,null, "x\"y" ]"#)
        let (name, arguments) = try packet.event()
        #expect(name == "play")
        #expect(arguments == [#"{"a":"],[" ,"b":[1,2]}"#, "null", #""x\"y""#])
        #expect(try SocketIOPacket.event("a\"b", json: ["1"]).event().name == "a\"b")
        #expect(try SocketIOPacket.ack(id: 1, json: ["1", "[]"]).arguments() == ["1", "[]"])
    }

    @Test(
        arguments: [
            ("2[]", .invalidPayload), ("2[1]", .invalidPayload), ("2[\"a\"", .invalidPayload),
            ("2[\"a\",]", .invalidPayload),
            ("2[\"\\ud800\"]", .invalidPayload), ("0{}", .invalidPayload), ("30[\"a\"]", .invalidPayload),
            ("2[\"connect\"]", .reservedEvent), ("2[\"disconn\\u0065ct\",1]", .reservedEvent),
        ] as [(String, SocketIOError)])
    func event_isRefused(text: String, error: SocketIOError) throws {
        let packet = try SocketIOPacket(decoding: text)
        #expect(throws: error) { try packet.event() }
    }

    @Test func mutatedPackets_neverTrap_andRoundTrip() {
        let seed: UInt64 = 0x736F_636B_6574_696F
        var generator = SplitMix64(seed: seed)
        let valid = [
            #"2/admin,13["foo",{"a":[1,"\u00e9\ud83d\ude00"]},"城"]"#,
            #"52-/a?b,1["x",{"_placeholder":true,"num":0}]"#,
            #"0/chat?x=1,{"token":"abc"}"#,
            #"0{"sid":"a","upgrades":["w"],"pingInterval":1,"pingTimeout":2,"maxPayload":3}"#,
        ]
        for round in 0..<6000 {
            let bytes = mutated(Array((valid.randomElement(using: &generator) ?? "").utf8), with: &generator)
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? EngineIOPacket(decoding: text)
            guard let packet = try? SocketIOPacket(decoding: text) else { continue }
            #expect(packet.attachments <= 10, "seed \(seed), round \(round)")
            #expect(
                (try? SocketIOPacket(decoding: packet.encoded())) == packet, "seed \(seed), round \(round)")
            if let (name, arguments) = try? packet.event() {
                let again = SocketIOPacket.event(name, json: arguments)
                #expect((try? again.event().arguments) == arguments, "seed \(seed), round \(round)")
            }
        }
    }
}
