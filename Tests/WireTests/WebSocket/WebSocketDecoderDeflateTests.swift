import Base
import TestSupport
import Testing
@testable import Wire

@Suite struct WebSocketDecoderDeflateTests {
    /// A client's frame of a payload that is deflated already.
    private func compressed(
        _ opcode: WebSocketOpcode, _ payload: some Sequence<UInt8>, isFinal: Bool = true
    ) -> [UInt8] {
        var output: [UInt8] = []
        WebSocketEncoder.frame(
            opcode, Array(payload), into: &output, isFinal: isFinal, isCompressed: true,
            maskedWith: 0x0A0B_0C0D)
        return output
    }

    private func decoding(
        _ pieces: [ArraySlice<UInt8>], limits: WebSocketLimits = .standard
    ) throws -> WebSocketDecoding {
        WebSocketDecoding(pieces, limits: limits, deflate: try negotiated())
    }

    @Test func everySplit_givesTheSameMessages() throws {
        let deflater = WebSocketDeflater(try negotiated(), role: .client)
        let long = (0..<700).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let city = deflater.deflate(Array("城へ".utf8))
        var bytes = compressed(.text, city.prefix(2), isFinal: false) + masked(.ping, [1])
        bytes += masked(.continuation, Array(city.dropFirst(2).prefix(3)), isFinal: false)
        bytes += masked(.continuation, Array(city.dropFirst(5)))
        // A message may be sent as it is, and then is none of the inflater's.
        bytes += masked(.text, Array("城へ".utf8))
        bytes += compressed(.text, deflater.deflate(Array("城へ".utf8)))
        bytes += compressed(.binary, deflater.deflate(long))
        bytes += compressed(.text, deflater.deflate([]))
        bytes += masked(.close, [0x03, 0xE8]) + compressed(.text, [1])
        let expected: [WebSocketDecoder.Message] = [
            .ping([1]), .text("城へ"), .text("城へ"), .text("城へ"), .binary(long), .text(""),
            .close(code: 1000, reason: ""),
        ]
        for split in everySplit(of: bytes) {
            let decoding = try decoding(split)
            #expect(decoding.messages == expected, "split at \(split[0].count)")
            #expect(decoding.failure == nil)
        }
    }

    @Test func framesOfTheRFC_areRead_byAClient() throws {
        let whole: [UInt8] = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let halves: [UInt8] = [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00]
        for bytes in [whole, halves] {
            let decoding = WebSocketDecoding([bytes[...]], role: .client, deflate: try negotiated())
            #expect(decoding.messages == [.text("Hello")])
        }
        var output: [UInt8] = []
        let payload = WebSocketDeflater(try negotiated()).deflate(Array("Hello".utf8))
        WebSocketEncoder.frame(.text, payload, into: &output, isCompressed: true)
        #expect(output == whole)
    }

    @Test(
        arguments: [
            ("RSV1 on a ping", [0xC9, 0x80, 0, 0, 0, 0], 1002),
            ("RSV1 on a close", [0xC8, 0x80, 0, 0, 0, 0], 1002),
            ("RSV1 on a continuation", [0x01, 0x80, 0, 0, 0, 0, 0xC0, 0x80, 0, 0, 0, 0], 1002),
            ("RSV2", [0xA1, 0x80, 0, 0, 0, 0], 1002), ("RSV3", [0x91, 0x80, 0, 0, 0, 0], 1002),
            ("RSV1 and RSV2", [0xE1, 0x80, 0, 0, 0, 0], 1002),
            ("an empty payload", [0xC1, 0x80, 0, 0, 0, 0], 1007),
            ("no deflate data", [0xC1, 0x81, 0, 0, 0, 0, 0xFF], 1007),
            // A stored block of the one octet FF, which is no UTF-8.
            ("no UTF-8", [0xC1, 0x87, 0, 0, 0, 0, 0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0x00], 1007),
        ] as [(String, [UInt8], UInt16)])
    func frame_isRefused_withItsCode(name: String, bytes: [UInt8], code: UInt16) throws {
        for split in everySplit(of: bytes) {
            let decoding = try decoding(split)
            #expect(decoding.failure?.closeCode == code, "\(name)")
            #expect(decoding.messages.isEmpty)
        }
    }

    @Test func compressedFrame_isRefused_whereNothingWasNegotiated() {
        let bytes = compressed(.text, [0])
        #expect(WebSocketDecoding([bytes[...]]).failure?.closeCode == 1002)
    }

    @Test func limit_holdsForTheInflatedMessage() throws {
        let limits = WebSocketLimits(messageBytes: 1000)
        let deflater = WebSocketDeflater(try negotiated(), role: .client)
        let fits = compressed(.binary, deflater.deflate([UInt8](repeating: 1, count: 1000)))
        let beyond = compressed(.binary, deflater.deflate([UInt8](repeating: 1, count: 1001)))
        let decoding = try decoding([(fits + beyond)[...]], limits: limits)
        #expect(decoding.messages == [.binary([UInt8](repeating: 1, count: 1000))])
        #expect(decoding.failure?.closeCode == 1009)
    }

    @Test func mutatedFrames_neverTrap_andStayWithinLimits() throws {
        let seed: UInt64 = 0x7773_6465
        var generator = SplitMix64(seed: seed)
        let limits = WebSocketLimits(frameBytes: 300, messageBytes: 300, fragments: 4, controlFrames: 4)
        let deflater = WebSocketDeflater(try negotiated(), role: .client)
        let text = deflater.deflate(Array("城へ go go go".utf8))
        var valid = compressed(.text, text.prefix(4), isFinal: false) + masked(.ping, [1, 2])
        valid += masked(.continuation, Array(text.dropFirst(4)))
        valid += compressed(.binary, deflater.deflate([UInt8](repeating: 9, count: 250)))
        for round in 0..<3000 {
            let input = mutated(valid, with: &generator)
            let whole = try decoding([input[...]], limits: limits)
            let split = try decoding(pieces(of: input, with: &generator), limits: limits)
            #expect(whole == split, "seed \(seed), round \(round)")
            for case .binary(let payload) in whole.messages {
                #expect(payload.count <= 300, "seed \(seed), round \(round)")
            }
        }
    }

    @Test func idleDecoder_holdsNextToNothing() throws {
        let deflater = WebSocketDeflater(try negotiated(), role: .client)
        var generator = SplitMix64(seed: 11)
        let noise = (0..<900_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let frames = [
            masked(.binary, noise), compressed(.binary, deflater.deflate(noise)),
            masked(.binary, Array(noise.prefix(400_000)), isFinal: false)
                + masked(.continuation, Array(noise.suffix(500_000))),
            masked(.ping, Array(noise.prefix(125))),
        ]
        for bytes in frames {
            for size in [bytes.count, 16 * 1024, 1_000] {
                var decoder = WebSocketDecoder(deflate: try negotiated())
                var messages = 0
                for start in stride(from: 0, to: bytes.count, by: size) {
                    decoder.append(bytes[start..<min(start + size, bytes.count)])
                    while try decoder.next() != nil { messages += 1 }
                }
                #expect(messages == 1)
                #expect(decoder.bufferedBytes == 0)
                #expect(decoder.allocatedBytes <= ByteQueue.retainedBytes, "pieces of \(size)")
                // The start of the next frame does not keep what the message needed.
                decoder.append(bytes.prefix(1))
                #expect(try decoder.next() == nil)
                #expect(decoder.allocatedBytes <= ByteQueue.retainedBytes)
            }
        }
        // Nor where it came with the message's end.
        var decoder = WebSocketDecoder()
        decoder.append(masked(.binary, noise) + [0x81])
        #expect(try decoder.next() != nil)
        #expect(try decoder.next() == nil)
        #expect(decoder.bufferedBytes == 1)
        #expect(decoder.allocatedBytes <= ByteQueue.retainedBytes)
        // Nor behind a close.
        decoder.append(masked(.close, []).dropFirst())
        _ = try? decoder.next()
        #expect(decoder.allocatedBytes <= ByteQueue.retainedBytes)
    }
}
