/// What stands before the payload of a frame (RFC 6455 5.2).
struct WebSocketFrameHeader {
    let isFinal: Bool
    /// Whether the message that this frame begins is deflated: RSV1 (RFC 7692 6).
    let isCompressed: Bool
    let opcode: WebSocketOpcode
    let payloadLength: Int
    /// The first octet is the most significant.
    let maskingKey: UInt32?
    /// The octets of the header itself.
    let length: Int

    /// Reads a header; nil until all of it is there, though what is wrong is refused as soon as it shows.
    init?(
        _ bytes: Span<UInt8>, from start: Int, role: WebSocketDecoder.Role, allowsCompression: Bool
    ) throws(WebSocketError) {
        guard bytes.count - start >= 2 else { return nil }
        let first = bytes[start]
        let second = bytes[start + 1]
        guard first & (allowsCompression ? 0x30 : 0x70) == 0 else {
            throw .violation("A reserved bit is set.")
        }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            throw .violation("The opcode is unknown.")
        }
        isFinal = first & 0x80 != 0
        isCompressed = first & 0x40 != 0
        guard !isCompressed || opcode.startsMessage else {
            throw .violation("A frame that starts no message has the bit of compression.")
        }
        self.opcode = opcode
        let isMasked = second & 0x80 != 0
        switch role {
        case .server: guard isMasked else { throw .violation("A client's frame is not masked.") }
        case .client: guard !isMasked else { throw .violation("A server's frame is masked.") }
        }
        let shortLength = Int(second & 0x7F)
        if opcode.isControl {
            guard isFinal else { throw .violation("A control frame is fragmented.") }
            guard shortLength <= 125 else { throw .violation("A control frame is too long.") }
        }

        let extendedBytes = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0
        length = 2 + extendedBytes + (isMasked ? 4 : 0)
        guard bytes.count - start >= length else { return nil }
        var extended: UInt64 = 0
        for index in 0..<extendedBytes { extended = extended << 8 | UInt64(bytes[start + 2 + index]) }
        switch extendedBytes {
        case 2:
            guard extended > 125 else { throw .violation("A length is not minimal.") }
            payloadLength = Int(extended)
        case 8:
            guard extended > 0xFFFF else { throw .violation("A length is not minimal.") }
            guard let wide = Int(exactly: extended) else { throw .violation("A length is out of range.") }
            payloadLength = wide
        default: payloadLength = shortLength
        }
        guard isMasked else {
            maskingKey = nil
            return
        }
        var key: UInt32 = 0
        for index in 0..<4 { key = key << 8 | UInt32(bytes[start + 2 + extendedBytes + index]) }
        maskingKey = key
    }
}
