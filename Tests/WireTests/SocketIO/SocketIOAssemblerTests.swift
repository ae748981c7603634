import TestSupport
import Testing
import Wire

@Suite struct SocketIOAssemblerTests {
    private func packet(_ text: String) throws -> SocketIOPacket { try SocketIOPacket(decoding: text) }

    @Test func packets_withoutAttachments_areWholeAtOnce() throws {
        var assembler = SocketIOAssembler()
        for text in ["0{}", "1", #"2["a",{"_placeholder":true,"num":0}]"#, "31[]", #"4{"message":""}"#] {
            #expect(try assembler.receive(packet(text)) == packet(text))
        }
        #expect(try assembler.receive(packet(#"50-/a,7["a"]"#)) == packet(#"2/a,7["a"]"#))
        #expect(try assembler.receive(packet("60-7[]")) == packet("37[]"))
        #expect(!assembler.isWaiting)
    }

    @Test func binaryEvent_isWhole_behindItsLastAttachment() throws {
        var assembler = SocketIOAssembler()
        let text = #"52-/a,13["x",{"_placeholder":true,"num":1},{"y":{"_placeholder":true,"num":0}}]"#
        #expect(try assembler.receive(packet(text)) == nil)
        #expect(assembler.isWaiting)
        #expect(try assembler.receive(attachment: [1, 2]) == nil)
        #expect(assembler.bufferedBytes == 2)
        let whole = try assembler.receive(attachment: [])
        #expect(
            whole
                == .event(
                    "x", json: [#"{"$binary":""}"#, #"{"y":{"$binary":"AQI="}}"#], namespace: "/a", id: 13))
        #expect(!assembler.isWaiting)
        #expect(assembler.bufferedBytes == 0)
        #expect(try assembler.receive(packet(#"61-5[{"_placeholder":true,"num":0}]"#)) == nil)
        #expect(try assembler.receive(attachment: [0]) == .ack(id: 5, json: [#"{"$binary":"AA=="}"#]))
    }

    @Test func whatComesOutOfTurn_isRefused_andLeavesNothing() throws {
        var assembler = SocketIOAssembler()
        #expect(throws: SocketIOError.unexpectedAttachment) { try assembler.receive(attachment: [1]) }
        let text = #"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
        _ = try assembler.receive(packet(text))
        _ = try assembler.receive(attachment: [1])
        #expect(throws: SocketIOError.attachmentsDue) { try assembler.receive(packet(#"2["y"]"#)) }
        #expect(!assembler.isWaiting)
        #expect(assembler.bufferedBytes == 0)
        #expect(throws: SocketIOError.unexpectedAttachment) { try assembler.receive(attachment: [1]) }
        _ = try assembler.receive(packet(#"51-["x"]"#))
        #expect(throws: SocketIOError.invalidPlaceholder) { try assembler.receive(attachment: [1]) }
        _ = try assembler.receive(packet(#"51-["x",{"_placeholder":true,"num":1}]"#))
        #expect(throws: SocketIOError.invalidPlaceholder) { try assembler.receive(attachment: [1]) }
        #expect(!assembler.isWaiting)
        #expect(throws: SocketIOError.invalidPlaceholder) {
            try assembler.receive(packet(#"50-["x",{"_placeholder":true,"num":0}]"#))
        }
        #expect(throws: SocketIOError.invalidPayload) {
            try assembler.receive(SocketIOPacket(kind: .binaryEvent))
        }
    }

    @Test func limits_areEnforced() throws {
        var assembler = SocketIOAssembler(limits: SocketIOLimits(attachments: 2, attachmentBytes: 5))
        let three = SocketIOPacket(kind: .binaryEvent, attachments: 3, json: "[]")
        #expect(throws: SocketIOError.tooManyAttachments) { try assembler.receive(three) }
        let text = #"52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
        _ = try assembler.receive(packet(text))
        _ = try assembler.receive(attachment: [1, 2, 3])
        #expect(throws: SocketIOError.attachmentsTooLong) { try assembler.receive(attachment: [4, 5, 6]) }
        #expect(!assembler.isWaiting)
        _ = try assembler.receive(packet(text))
        _ = try assembler.receive(attachment: [1, 2, 3])
        #expect(try assembler.receive(attachment: [4, 5]) != nil)
    }

    @Test func deconstructedPacket_isPutTogetherAgain() throws {
        let packets = [
            SocketIOPacket.event(
                "x", json: [#"{"$binary":"AQI="}"#, #"[{"$binary":"/w=="}]"#], namespace: "/a", id: 3),
            SocketIOPacket.ack(id: 4, json: [#"{"$binary":""}"#]),
        ]
        for packet in packets {
            let parts = try #require(packet.deconstructed())
            #expect(parts.packet.kind.isBinary)
            #expect(parts.packet.attachments == parts.attachments.count)
            var assembler = SocketIOAssembler()
            #expect(try assembler.receive(SocketIOPacket(decoding: parts.packet.encoded())) == nil)
            var whole: SocketIOPacket?
            for attachment in parts.attachments {
                #expect(whole == nil)
                whole = try assembler.receive(attachment: attachment)
            }
            #expect(whole == packet)
        }
        #expect(SocketIOPacket.event("x", json: ["1"]).deconstructed() == nil)
        #expect(SocketIOPacket(kind: .connect, json: #"{"a":{"$binary":""}}"#).deconstructed() == nil)
    }

    @Test func anySequence_neverTraps_andStaysWithinLimits() {
        let seed: UInt64 = 0x6173_736D
        var generator = SplitMix64(seed: seed)
        let texts = [
            #"2["a"]"#, #"51-["x",{"_placeholder":true,"num":0}]"#, "62-1[]", #"50-["x"]"#,
            #"52-["x",{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]"#,
        ]
        var assembler = SocketIOAssembler(limits: SocketIOLimits(attachments: 2, attachmentBytes: 20))
        var whole = 0
        for round in 0..<8000 {
            let isPacket = Int.random(in: 0..<3, using: &generator) == 0
            if isPacket, let packet = try? packet(texts.randomElement(using: &generator) ?? "") {
                if let result = try? assembler.receive(packet) {
                    #expect(!result.kind.isBinary, "seed \(seed), round \(round)")
                }
            } else {
                let attachment = [UInt8](repeating: 7, count: Int.random(in: 0...12, using: &generator))
                if let result = try? assembler.receive(attachment: attachment) {
                    whole += 1
                    #expect(
                        !result.kind.isBinary && result.attachments == 0, "seed \(seed), round \(round)")
                }
            }
            #expect(assembler.bufferedBytes <= 20, "seed \(seed), round \(round)")
        }
        #expect(whole > 100)
    }
}
