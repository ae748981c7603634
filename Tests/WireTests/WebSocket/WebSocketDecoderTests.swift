import Base
import TestSupport
import Testing
import Wire

/// What came out of a decoder until it wanted more or failed.
struct WebSocketDecoding: Equatable {
    var messages: [WebSocketDecoder.Message] = []
    var failure: WebSocketError?

    init(
        _ pieces: [ArraySlice<UInt8>], limits: WebSocketLimits = .standard,
        role: WebSocketDecoder.Role = .server, deflate: PerMessageDeflate? = nil
    ) {
        var decoder = WebSocketDecoder(limits: limits, role: role, deflate: deflate)
        for piece in pieces {
            decoder.append(piece)
            do throws(WebSocketError) {
                while let message = try decoder.next() { messages.append(message) }
            } catch {
                failure = error
            }
        }
    }
}

/// A client's frame.
func masked(
    _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, key: UInt32 = 0x37FA_213D
) -> [UInt8] {
    var output: [UInt8] = []
    WebSocketEncoder.frame(opcode, payload, into: &output, isFinal: isFinal, maskedWith: key)
    return output
}

@Suite struct WebSocketDecoderTests {
    @Test func maskedHello_isRead_asInTheRFC() {
        // RFC 6455 5.7.
        let bytes: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(WebSocketDecoding([bytes[...]]).messages == [.text("Hello")])
        #expect(masked(.text, Array("Hello".utf8)) == bytes)
    }

    @Test func unmaskedFrames_areRead_byAClient() {
        let bytes: [UInt8] = [0x01, 0x03, 0x48, 0x65, 0x6C, 0x89, 0x01, 0x21, 0x80, 0x02, 0x6C, 0x6F]
        let decoding = WebSocketDecoding([bytes[...]], role: .client)
        #expect(decoding.messages == [.ping([0x21]), .text("Hello")])
        #expect(WebSocketDecoding([bytes[...]]).failure?.closeCode == 1002)
        let maskedBytes = masked(.text, [])
        #expect(WebSocketDecoding([maskedBytes[...]], role: .client).failure?.closeCode == 1002)
    }

    @Test func everySplit_givesTheSameMessages() {
        let long = Array(repeating: UInt8(0x61), count: 130)
        var bytes = masked(.text, Array("城".utf8.prefix(2)), isFinal: false)
        bytes += masked(.ping, [1, 2, 3])
        bytes += masked(.continuation, [], isFinal: false, key: 1)
        bytes += masked(.continuation, Array("城".utf8.suffix(1)), key: 0xFFFF_FFFF)
        bytes += masked(.binary, long) + masked(.pong, []) + masked(.text, [])
        let close: [UInt8] = [0x03, 0xE8] + Array("bye".utf8)
        bytes += masked(.close, close) + masked(.text, [0x61])
        let expected: [WebSocketDecoder.Message] = [
            .ping([1, 2, 3]), .text("城"), .binary(long), .pong([]), .text(""),
            .close(code: 1000, reason: "bye"),
        ]
        for split in everySplit(of: bytes) {
            let decoding = WebSocketDecoding(split)
            #expect(decoding.messages == expected, "split at \(split[0].count)")
            #expect(decoding.failure == nil)
        }
    }

    @Test(arguments: [0, 1, 3, 7, 8, 9, 125, 126, 127, 65535, 65536, 100_001])
    func payload_survivesMasking_atEveryLength(length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = masked(.binary, payload, key: 0x0102_0304)
        #expect(bytes.count == length + 6 + (length < 126 ? 0 : length < 65536 ? 2 : 8))
        #expect(WebSocketDecoding([bytes[...]]).messages == [.binary(payload)])
    }

    @Test(
        arguments: [
            ("no mask", [0x81, 0x00], 1002), ("RSV1", [0xC1, 0x80], 1002), ("RSV2", [0xA1, 0x80], 1002),
            ("RSV3", [0x91, 0x80], 1002), ("opcode 3", [0x83, 0x80], 1002),
            ("opcode 11", [0x8B, 0x80], 1002),
            ("fragmented ping", [0x09, 0x80], 1002), ("long ping", [0x89, 0xFE], 1002),
            ("longer close", [0x88, 0xFF], 1002), ("continues nothing", [0x80, 0x80, 0, 0, 0, 0], 1002),
            ("length 125 in 16 bits", [0x82, 0xFE, 0, 125, 0, 0, 0, 0], 1002),
            ("length 65535 in 64 bits", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0], 1002),
            ("length with its top bit", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002),
            (
                "length beyond everything",
                [0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0], 1009
            ),
            ("no UTF-8", [0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007),
            ("surrogate", [0x81, 0x83, 0, 0, 0, 0, 0xED, 0xA0, 0x80], 1007),
            ("cut short", [0x81, 0x82, 0, 0, 0, 0, 0xE5, 0x9F], 1007),
            ("half a code", [0x88, 0x81, 0, 0, 0, 0, 3], 1002),
            ("reason is no UTF-8", [0x88, 0x83, 0, 0, 0, 0, 0x03, 0xE8, 0xFF], 1007),
        ] as [(String, [UInt8], UInt16)])
    func frame_isRefused_withItsCode(name: String, bytes: [UInt8], code: UInt16) {
        for split in everySplit(of: bytes) {
            let decoding = WebSocketDecoding(split)
            #expect(decoding.failure?.closeCode == code, "\(name)")
            #expect(decoding.messages.isEmpty)
        }
    }

    @Test func newMessage_withinAnother_isRefused() {
        let bytes = masked(.text, [0x61], isFinal: false) + masked(.binary, [1])
        #expect(WebSocketDecoding([bytes[...]]).failure?.closeCode == 1002)
    }

    @Test func closeCodes_areJudged() {
        for code: UInt16 in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            let bytes = masked(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
            #expect(WebSocketDecoding([bytes[...]]).failure?.closeCode == 1002, "\(code)")
        }
        for code: UInt16 in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999] {
            let bytes = masked(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
            #expect(WebSocketDecoding([bytes[...]]).messages == [.close(code: code, reason: "")], "\(code)")
        }
        let empty = masked(.close, [])
        #expect(WebSocketDecoding([empty[...]]).messages == [.close(code: nil, reason: "")])
    }

    @Test func limits_areEnforced_beforeThePayloadArrives() {
        let limits = WebSocketLimits(frameBytes: 10, messageBytes: 15, fragments: 3, controlFrames: 2)
        let tooLong = masked(.binary, Array(repeating: 0, count: 11)).prefix(6)
        #expect(WebSocketDecoding([tooLong], limits: limits).failure?.closeCode == 1009)
        let ten = Array(repeating: UInt8(0), count: 10)
        let tooMuch = masked(.binary, ten, isFinal: false) + masked(.continuation, ten).prefix(6)
        #expect(WebSocketDecoding([tooMuch[...]], limits: limits).failure?.closeCode == 1009)
        let fragments =
            masked(.binary, [], isFinal: false)
            + masked(.continuation, [], isFinal: false) + masked(.continuation, [], isFinal: false)
        #expect(WebSocketDecoding([fragments[...]], limits: limits).failure == nil)
        let more = fragments + masked(.continuation, [])
        #expect(WebSocketDecoding([more[...]], limits: limits).failure?.closeCode == 1009)
        let ping = masked(.ping, [])
        let pings = masked(.binary, [], isFinal: false) + ping + ping + ping
        let decoding = WebSocketDecoding([pings[...]], limits: limits)
        #expect(decoding.failure?.closeCode == 1009)
        #expect(decoding.messages.count == 2)
        let calm = ping + ping + ping + masked(.binary, ten)
        #expect(WebSocketDecoding([calm[...]], limits: limits).messages.count == 4)
    }

    @Test func failure_isFinal_andDropsWhatFollows() {
        var decoder = WebSocketDecoder()
        decoder.append([0x81, 0x00])
        #expect(throws: WebSocketError.self) { try decoder.next() }
        decoder.append(masked(.ping, []))
        #expect(throws: WebSocketError.self) { try decoder.next() }
        #expect(decoder.bufferedBytes == 0)
    }

    @Test func mutatedFrames_neverTrap_andStayWithinLimits() {
        let seed: UInt64 = 0x7765_6273_6F63_6B65
        var generator = SplitMix64(seed: seed)
        let limits = WebSocketLimits(frameBytes: 200, messageBytes: 200, fragments: 4, controlFrames: 4)
        var valid = masked(.text, Array("城へ".utf8), isFinal: false) + masked(.ping, [1, 2])
        valid += masked(.continuation, Array("go".utf8)) + masked(.binary, Array(repeating: 9, count: 130))
        valid += masked(.close, [3, 232])
        for round in 0..<6000 {
            let input = mutated(valid, with: &generator)
            let whole = WebSocketDecoding([input[...]], limits: limits)
            let split = WebSocketDecoding(pieces(of: input, with: &generator), limits: limits)
            #expect(whole == split, "seed \(seed), round \(round)")
            for case .binary(let payload) in whole.messages {
                #expect(payload.count <= 200, "seed \(seed), round \(round)")
            }
        }
    }
}
