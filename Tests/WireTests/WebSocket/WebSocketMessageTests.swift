import Base
import TestSupport
import Testing
import Wire

/// What a message may be made of, and what a decoder makes of its parts before the rest has come.
@Suite struct WebSocketMessageTests {
    @Test func wrongText_isAnError_atItsFirstWrongOctet() {
        let text: [UInt8] = Array("城a".utf8) + [0xED, 0xA0, 0x80] + Array("more".utf8)
        let header = masked(.text, text).count - text.count
        // The surrogate's second octet is the first that no text can have.
        let wrong = 5
        for isFinal in [true, false] {
            let frame = masked(.text, text, isFinal: isFinal)
            var decoder = WebSocketDecoder()
            for (index, byte) in frame.enumerated() {
                decoder.append([byte])
                if index < header + wrong {
                    #expect(throws: Never.self) { try decoder.next() }
                } else {
                    #expect(throws: WebSocketError.self) { try decoder.next() }
                }
            }
        }
    }

    @Test func wrongText_inALaterFrame_isAnError_beforeTheMessageIsWhole() {
        let city = Array("城".utf8)
        // The character is cut by the frames, and its last octet is wrong.
        let bytes =
            masked(.text, [0x61, city[0]], isFinal: false) + masked(.ping, [1])
            + masked(.continuation, [city[1]], isFinal: false)
        #expect(WebSocketDecoding([bytes[...]]).failure == nil)
        let wrong = bytes + masked(.continuation, [0x41, 0x41], isFinal: false).dropLast()
        let decoding = WebSocketDecoding([wrong[...]])
        #expect(decoding.messages == [.ping([1])] && decoding.failure?.closeCode == 1007)
        let right = bytes + masked(.continuation, [city[2]])
        #expect(WebSocketDecoding([right[...]]).messages == [.ping([1]), .text("a城")])
        let short = bytes + masked(.continuation, [])
        #expect(WebSocketDecoding([short[...]]).failure?.closeCode == 1007)
    }

    @Test func bytes_areNotText_whateverTheyAre() {
        let bytes = masked(.binary, [0xFF, 0xC0], isFinal: false) + masked(.continuation, [0x80])
        for split in everySplit(of: bytes) {
            #expect(WebSocketDecoding(split).messages == [.binary([0xFF, 0xC0, 0x80])])
        }
    }

    @Test func messagesBeforeAnError_comeFirst_atEveryCut() {
        let bytes =
            masked(.text, Array("a".utf8)) + masked(.binary, [1]) + masked(.ping, [])
            + masked(.text, [0x62, 0xFF, 0x62]) + masked(.text, Array("c".utf8))
        for split in everySplit(of: bytes) {
            let decoding = WebSocketDecoding(split)
            #expect(decoding.messages == [.text("a"), .binary([1]), .ping([])])
            #expect(decoding.failure?.closeCode == 1007)
        }
    }

    @Test func payload_isUnmasked_howeverItsFrameIsCut() {
        let payload = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = masked(.binary, payload, key: 0x0102_0304)
        for size in [1, 2, 3, 5, 7, 64, 999] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                bytes[$0..<min($0 + size, bytes.count)]
            }
            #expect(WebSocketDecoding(pieces).messages == [.binary(payload)])
        }
    }

    @Test func fourMebibytes_inFramesOf64Octets_areAMessage() {
        let bytes = 4 << 20
        let limits = WebSocketLimits(frameBytes: bytes, messageBytes: bytes)
        #expect(limits.fragments == 65_536)
        #expect(WebSocketLimits(frameBytes: 1_000, messageBytes: 1_000).fragments == 1_024)
        let part = [UInt8](repeating: 0x61, count: 64)
        var decoder = WebSocketDecoder(limits: limits)
        for index in 0..<65_536 {
            decoder.append(masked(index == 0 ? .text : .continuation, part, isFinal: index == 65_535))
        }
        let message = try? decoder.next()
        #expect(message == .text(String(repeating: "a", count: bytes)))
    }
}
