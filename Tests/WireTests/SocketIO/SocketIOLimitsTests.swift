import Testing
import Wire

/// Sizes are looked at before contents, and what is one packet's fault is told from what is the line's.
@Suite struct SocketIOLimitsTests {
    private func event(_ json: String, limits: SocketIOLimits = .standard) throws -> (String, [String]) {
        try SocketIOPacket(kind: .event, json: json).event(limits: limits)
    }

    @Test func arguments_areKeptApart() throws {
        #expect(try event(#"["m",1,2]"#).1 == ["1", "2"])
        #expect(try event(#"["m",[1,2]]"#).1 == ["[1,2]"])
        #expect(try event(#"["m"]"#).1 == [])
        #expect(try event(#" [ "m" , {} , null ] "#).1 == ["{}", "null"])
    }

    @Test func argumentsBeyondTheLimit_areNotLookedAt() throws {
        let limits = SocketIOLimits(arguments: 3)
        #expect(try event(#"["m",1,2,3]"#, limits: limits).1.count == 3)
        // Behind the limit even what is no JSON.
        #expect(throws: SocketIOError.tooManyArguments) { try event(#"["m",1,2,3,!]"#, limits: limits) }
        let many = "[\"m\"" + String(repeating: ",1", count: 500_000) + "]"
        #expect(throws: SocketIOError.tooManyArguments) { try event(many) }
        let ack = SocketIOPacket(kind: .ack, id: 1, json: "[1,2,3,4]")
        #expect(throws: SocketIOError.tooManyArguments) { try ack.arguments(limits: limits) }
        #expect(try ack.arguments().count == 4)
    }

    @Test func nameBeyondTheLimit_isRefused_whateverItIs() throws {
        let longest = String(repeating: "é", count: 128)
        #expect(try event("[\"\(longest)\",1]").0 == longest)
        #expect(throws: SocketIOError.nameTooLong) { try event("[\"\(longest)a\",1]") }
        #expect(throws: SocketIOError.nameTooLong) {
            try event("[\"\(String(repeating: "x", count: 330_000))\"]")
        }
        // Escapes take more on the wire than they stand for.
        #expect(try event("[\"\(String(repeating: "\\u0041", count: 256))\"]").0.utf8.count == 256)
        #expect(throws: SocketIOError.nameTooLong) {
            try event("[\"\(String(repeating: "\\u0041", count: 257))\"]")
        }
    }

    @Test func depth_isTheFaultOfTheEvent_andNotOfTheLine() throws {
        func nested(_ depth: Int, _ inner: String = "") -> String {
            String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
        }
        #expect(try event("[\"m\",\(nested(127))]").1.count == 1)
        for deep in [128, 129, 100_000] {
            #expect(throws: SocketIOError.tooDeep) { try event("[\"m\",\(nested(deep))]") }
        }
        #expect(throws: SocketIOError.tooDeep) {
            try SocketIOPacket(kind: .ack, id: 1, json: "[\(nested(200))]").arguments()
        }
        #expect(throws: SocketIOError.invalidPayload) {
            try event("[\"m\",\(String(repeating: "[", count: 200))]")
        }
        #expect(SocketIOError.tooDeep.isOfThePacket && !SocketIOError.invalidPayload.isOfThePacket)
        // With attachments as well: the packet is whole, and says so itself.
        var assembler = SocketIOAssembler()
        let deep = nested(200, #"{"_placeholder":true,"num":0}"#)
        let packet = SocketIOPacket(kind: .binaryEvent, id: 7, attachments: 1, json: "[\"m\",\(deep)]")
        #expect(try assembler.receive(packet) == nil)
        let whole = try #require(try assembler.receive(attachment: [1]))
        #expect(whole.id == 7 && whole.kind == .event)
        #expect(throws: SocketIOError.tooDeep) { try whole.event() }
        #expect(!assembler.isWaiting)
    }

    @Test(
        arguments: [
            ("1", false, ["1"]), ("[1,2]", false, ["[1,2]"]), ("[1,2]", true, ["1,2"]), ("[]", true, []),
            (" [ ] ", true, []), (" [ 1 ] ", true, ["1 "]), ("[[]]", true, ["[]"]), ("{}", true, ["{}"]),
            ("", true, [""]),
        ] as [(String, Bool, [String])])
    func listOfArguments_isWrittenInOnePiece(json: String, areList: Bool, expected: [String]) {
        #expect(SocketIOPacket.arguments(json, areList: areList) == expected)
    }

    @Test func packetsOfAPost_areTakenOneByOne_andThoseBeforeABadOneFirst() throws {
        var packets = try EngineIOPayload.Packets(Array("4a\u{1E}2\u{1E}x\u{1E}4b".utf8))
        #expect(try packets.next() == .message("a"))
        #expect(try packets.next() == .ping(""))
        #expect(throws: EngineIOError.unknownType) { try packets.next() }
        #expect(!packets.isAtEnd)
        #expect(try packets.next() == .message("b"))
        #expect(packets.isAtEnd)
        #expect(try packets.next() == nil)
        let many = Array(repeating: "2", count: 4_097).joined(separator: "\u{1E}")
        #expect(throws: EngineIOError.tooManyPackets) { try EngineIOPayload.Packets(Array(many.utf8)) }
    }

    @Test(
        arguments: [
            ("{}", 2), (#"{"$binary":""}"#, 0), (#"{"$binary":"AQID"}"#, 3), (#"{"$binary":"AQI="}"#, 2),
            (#"{"$binary":"AQ=="}"#, 1), (#"[{"$binary":"AQID"},1]"#, 7),
            (#"{"a":{ "$binary" : "AQID" }}"#, 9),
            (#""{\"$binary\":\"AQID\"}""#, 24), (#"{"$binary":"AQID","a":1}"#, 24), (#"{"$binary":1}"#, 13),
            (#"{"$binary":"AQID""#, 17), ("$binary", 7),
        ] as [(String, Int)])
    func octets_areCountedAsTheyArrived(json: String, count: Int) {
        #expect(BinaryJSON.octetCount(of: Array(json.utf8)) == count)
        #expect(BinaryJSON.isOctets(json) == (count < 4 && json.hasPrefix("{\"")))
    }
}
