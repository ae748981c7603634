import Testing
import Wire

@Suite struct WebSocketEncoderTests {
    @Test func text_isOneUnmaskedFrame() {
        #expect(WebSocketEncoder.text("Hello") == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(WebSocketEncoder.text("") == [0x81, 0x00])
    }

    @Test func length_isMinimal_inEachForm() {
        func header(_ count: Int) -> [UInt8] {
            var output: [UInt8] = []
            WebSocketEncoder.frame(.binary, Array(repeating: 0, count: count), into: &output)
            return Array(output.dropLast(count))
        }
        #expect(header(125) == [0x82, 125])
        #expect(header(126) == [0x82, 126, 0, 126])
        #expect(header(65535) == [0x82, 126, 0xFF, 0xFF])
        #expect(header(65536) == [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test func frame_isWritten_behindWhatIsThere() {
        var output: [UInt8] = [7]
        WebSocketEncoder.frame(.text, "é", into: &output, isFinal: false)
        WebSocketEncoder.frame(.pong, [1, 2], into: &output, maskedWith: 0x0102_0304)
        #expect(output == [7, 0x01, 2, 0xC3, 0xA9, 0x8A, 0x82, 1, 2, 3, 4, 0, 0])
    }

    @Test func close_hasItsCode_andAReasonThatFits() {
        #expect(WebSocketEncoder.close(code: 1001) == [0x88, 2, 0x03, 0xE9])
        let long = WebSocketEncoder.close(code: 1002, reason: String(repeating: "城", count: 60))
        #expect(long.count == 2 + 2 + 41 * 3)
        let decoding = WebSocketDecoding([long[...]], role: .client)
        #expect(decoding.messages == [.close(code: 1002, reason: String(repeating: "城", count: 41))])
    }

    @Test func compression_isMarked_onTheFirstFrame() {
        var output: [UInt8] = []
        WebSocketEncoder.frame(.text, [0xF2] as [UInt8], into: &output, isFinal: false, isCompressed: true)
        WebSocketEncoder.frame(.continuation, [0x48] as [UInt8], into: &output)
        #expect(output == [0x41, 1, 0xF2, 0x80, 1, 0x48])
    }
}
