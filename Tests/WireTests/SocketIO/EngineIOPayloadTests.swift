import TestSupport
import Testing
import Wire

@Suite struct EngineIOPayloadTests {
    // The examples of https://socket.io/docs/v4/engine-io-protocol/#http-long-polling-1
    @Test(
        arguments: [
            ([.message("hello"), .ping(""), .message("world")], "4hello\u{1E}2\u{1E}4world"),
            ([.message("hello"), .binary([1, 2, 3, 4])], "4hello\u{1E}bAQIDBA=="),
            ([.message("€")], "4€"), ([.binary([])], "b"), ([.noop], "6"), ([.close], "1"),
            ([.message(""), .message("")], "4\u{1E}4"),
        ] as [([EngineIOPacket], String)])
    func payload_isReadAndWritten(packets: [EngineIOPacket], text: String) throws {
        #expect(EngineIOPayload.encode(packets) == Array(text.utf8))
        #expect(try EngineIOPayload.decode(Array(text.utf8)) == packets)
    }

    @Test func open_isWrittenInFull() throws {
        let packet = EngineIOPacket.open(EngineIOPacketTests.handshake)
        #expect(try EngineIOPayload.decode(EngineIOPayload.encode([packet, .noop])) == [packet, .noop])
        #expect(EngineIOPayload.encode([]) == [])
    }

    @Test(
        arguments: [
            ("", .empty), ("\u{1E}", .empty), ("4a\u{1E}", .empty), ("\u{1E}4a", .empty),
            ("4a\u{1E}\u{1E}4b", .empty), ("4a\u{1E}7", .unknownType), ("4a\u{1E}x", .unknownType),
            ("bAQIDBA", .invalidBinary), ("bAQIDBA= ", .invalidBinary), ("b=", .invalidBinary),
            ("bAB==", .invalidBinary), ("1x", .unexpectedPayload), ("0{}", .invalidHandshake),
        ] as [(String, EngineIOError)])
    func payload_isRefused(text: String, error: EngineIOError) {
        #expect(throws: error) { try EngineIOPayload.decode(Array(text.utf8)) }
    }

    @Test func octets_thatAreNoText_areRefused() {
        #expect(throws: EngineIOError.notText) { try EngineIOPayload.decode([0x34, 0xFF]) }
        #expect(throws: EngineIOError.notText) { try EngineIOPayload.decode([0x34, 0xE5, 0x1E, 0x34]) }
        #expect(throws: EngineIOError.invalidBinary) { try EngineIOPayload.decode([0x62, 0xFF, 1, 2, 3]) }
    }

    @Test func packets_beyondTheLimit_areRefused() throws {
        let limits = EngineIOLimits(payloadPackets: 3)
        #expect(try EngineIOPayload.decode(Array("2\u{1E}2\u{1E}2".utf8), limits: limits).count == 3)
        #expect(throws: EngineIOError.tooManyPackets) {
            try EngineIOPayload.decode(Array("2\u{1E}2\u{1E}2\u{1E}2".utf8), limits: limits)
        }
        // The limit holds before what stands beyond it is looked at.
        #expect(throws: EngineIOError.tooManyPackets) {
            try EngineIOPayload.decode(Array("2\u{1E}2\u{1E}2\u{1E}".utf8), limits: limits)
        }
    }

    @Test func mutatedPayloads_neverTrap_andRoundTrip() {
        let seed: UInt64 = 0x706F_6C6C
        var generator = SplitMix64(seed: seed)
        let valid = Array("42[\"a\",1]\u{1E}bAQIDBA==\u{1E}2probe\u{1E}3\u{1E}6\u{1E}4城".utf8)
        for round in 0..<5000 {
            let input = mutated(valid, with: &generator)
            guard let packets = try? EngineIOPayload.decode(input) else { continue }
            #expect(EngineIOPayload.encode(packets) == input, "seed \(seed), round \(round)")
        }
    }
}
