internal import Base

/// Writes WebSocket frames (RFC 6455 5.2).
public enum WebSocketEncoder {
    /// The kinds of frame.
    public typealias Opcode = WebSocketOpcode

    /// Appends a frame.
    ///
    /// - Parameters:
    ///   - opcode: the kind; a control frame takes at most 125 octets and is final.
    ///   - payload: the octets; UTF-8 for text.
    ///   - output: what is written behind.
    ///   - isFinal: false where continuation frames follow.
    ///   - isCompressed: whether the message that this frame begins is deflated (`WebSocketDeflater`); only
    ///     where permessage-deflate was negotiated, and never on a continuation or control frame.
    ///   - key: the masking key of a client's frame, its first octet the most significant; a server has none.
    public static func frame(
        _ opcode: Opcode, _ payload: some Collection<UInt8>, into output: inout [UInt8],
        isFinal: Bool = true, isCompressed: Bool = false, maskedWith key: UInt32? = nil
    ) {
        let count = payload.count
        precondition(!opcode.isControl || (count <= 125 && isFinal), "a control frame is short and final")
        precondition(
            !isCompressed || opcode.startsMessage, "compression is marked on a message's first frame")
        output.append((isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let maskBit: UInt8 = key == nil ? 0 : 0x80
        if count < 126 {
            output.append(maskBit | UInt8(count))
        } else if let short = UInt16(exactly: count) {
            output.append(maskBit | 126)
            output.append(UInt8(truncatingIfNeeded: short >> 8))
            output.append(UInt8(truncatingIfNeeded: short))
        } else {
            output.append(maskBit | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: count >> shift))
            }
        }
        if let key {
            for shift in stride(from: 24, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: key >> UInt32(shift)))
            }
        }
        let start = output.count
        output.append(contentsOf: payload)
        if let key { WebSocketMask.apply(key, to: &output, from: start) }
    }

    /// Appends a frame whose payload is the UTF-8 of a text.
    public static func frame(
        _ opcode: Opcode, _ payload: String, into output: inout [UInt8], isFinal: Bool = true,
        maskedWith key: UInt32? = nil
    ) {
        frame(opcode, payload.utf8, into: &output, isFinal: isFinal, maskedWith: key)
    }

    /// A server's text message in one frame.
    public static func text(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count + 10)
        frame(.text, text.utf8, into: &output)
        return output
    }

    /// A close frame. A reason beyond 123 octets is cut before the character that does not fit.
    public static func close(code: UInt16, reason: String = "", maskedWith key: UInt32? = nil) -> [UInt8] {
        var payload = [UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)]
        for character in reason {
            guard payload.count + character.utf8.count <= 125 else { break }
            payload.append(contentsOf: character.utf8)
        }
        var output: [UInt8] = []
        frame(.close, payload, into: &output, maskedWith: key)
        return output
    }
}
