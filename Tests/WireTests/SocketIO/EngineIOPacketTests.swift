import Testing
import Wire

@Suite struct EngineIOPacketTests {
    static let handshake = EngineIOHandshake(
        sid: "lv_VI97HAXpY6yYWAAAC", upgrades: ["websocket"], pingInterval: 25000, pingTimeout: 20000,
        maxPayload: 1_000_000)

    @Test(
        arguments: [
            (
                .open(handshake),
                #"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"#
                    + #""maxPayload":1000000}"#
            ),
            (.close, "1"), (.ping(""), "2"), (.ping("probe"), "2probe"), (.pong("probe"), "3probe"),
            (.message(#"2["城"]"#), #"42["城"]"#), (.message(""), "4"), (.binary([1, 2, 255]), "bAQL/"),
            (.binary([]), "b"), (.upgrade, "5"), (.noop, "6"),
        ] as [(EngineIOPacket, String)])
    func packet_isReadAndWritten(packet: EngineIOPacket, text: String) throws {
        #expect(packet.encoded() == text)
        #expect(try EngineIOPacket(decoding: text) == packet)
    }

    @Test(
        arguments: [
            ("", .empty), ("7", .unknownType), ("b4", .invalidBinary), ("B", .unknownType),
            ("城", .unknownType),
            ("1x", .unexpectedPayload),
            ("5 ", .unexpectedPayload), ("6\n", .unexpectedPayload), ("0", .invalidHandshake),
            ("0{}", .invalidHandshake),
            (#"0{"sid":1,"upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#, .invalidHandshake),
            (
                #"0{"sid":"a","upgrades":[1],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#,
                .invalidHandshake
            ),
            (
                #"0{"sid":"a","upgrades":[],"pingInterval":1e99,"pingTimeout":1,"maxPayload":1}"#,
                .invalidHandshake
            ),
        ] as [(String, EngineIOError)])
    func text_isRefused(text: String, error: EngineIOError) {
        #expect(throws: error) { try EngineIOPacket(decoding: text) }
    }

    @Test func handshake_isRead_withBlanksAndOtherMembers() throws {
        let json =
            #" { "x" : [1, {}], "sid" : "a\u0022" , "upgrades" : [ ] ,"pingInterval":1 ,"#
            + #" "pingTimeout" : 2, "maxPayload" : 3 } "#
        let handshake = try EngineIOHandshake(json: json)
        #expect(handshake.sid == "a\"")
        #expect(handshake.maxPayload == 3)
    }
}
