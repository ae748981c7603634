internal import Base

/// Reads WebSocket messages (RFC 6455) out of bytes that arrive in any pieces.
///
/// A connection owns one: it appends what the socket gave and calls `next()` until that answers nil. What is
/// buffered is bounded by the limits, plus what is appended between two calls, and given back when a message
/// is complete: an idle decoder holds next to nothing. Each reserved bit is an error, but for the one that
/// marks a compressed message where permessage-deflate (RFC 7692) was negotiated.
///
/// Messages that were whole before an error come first, whatever the pieces in which the bytes arrived. Text that is
/// not UTF-8 is an error at its first wrong octet, without its frame being awaited (RFC 6455 8.1); compressed text is
/// looked at when it is whole.
///
/// With permessage-deflate a copy of a decoder shares what the messages so far left in the inflater, so that
/// only one of them may go on.
public struct WebSocketDecoder: Sendable {
    /// Which side of the connection reads: a server's peer masks its frames, a client's does not.
    public enum Role: Sendable {
        /// Reads what a client sends.
        case server
        /// Reads what a server sends.
        case client
    }

    /// One message or control frame.
    public enum Message: Sendable, Equatable {
        /// A text message, its frames joined.
        case text(String)
        /// A binary message, its frames joined.
        case binary([UInt8])
        /// To be answered with a pong of the same payload, at most 125 octets.
        case ping([UInt8])
        /// The answer to a ping, or an unasked one.
        case pong([UInt8])
        /// The peer's last message, to be answered with a close; `code` is nil where it named none.
        case close(code: UInt16?, reason: String)

        /// How many octets it has.
        public var byteCount: Int {
            switch self {
            case .text(let text): text.utf8.count
            case .binary(let bytes), .ping(let bytes), .pong(let bytes): bytes.count
            case .close(_, let reason): reason.utf8.count
            }
        }
    }

    private struct OpenMessage {
        let isText: Bool
        let isCompressed: Bool
        var utf8 = UTF8Check()
        var fragments = 0
        var controlFrames = 0
    }

    private let limits: WebSocketLimits
    private let role: Role
    private let deflate: PerMessageDeflate?
    /// Made at the first compressed message.
    private var inflater: WebSocketInflater?
    private var queue = ByteQueue()
    private var header: WebSocketFrameHeader?
    /// How much of that frame's payload has been taken into the message.
    private var received = 0
    private var failure: WebSocketError?
    private var isClosed = false

    private var message: [UInt8] = []
    /// What is known of the message whose frames arrive; nil between messages.
    private var open: OpenMessage?

    /// A decoder for one connection.
    ///
    /// - Parameters:
    ///   - limits: a compressed message has to keep to them before and after it is inflated.
    ///   - role: the side that reads.
    ///   - deflate: what was negotiated of permessage-deflate; nil where it was not.
    public init(
        limits: WebSocketLimits = .standard, role: Role = .server, deflate: PerMessageDeflate? = nil
    ) {
        self.limits = limits
        self.role = role
        self.deflate = deflate
    }

    /// Takes in what a socket gave. Behind a close or an error it is dropped.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if failure == nil, !isClosed { unsafe queue.append(bytes) }
    }

    /// Takes in bytes. Behind a close or an error they are dropped.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        if failure == nil, !isClosed { queue.append(bytes) }
    }

    /// How many bytes are held: those that wait, and those of a message that is not complete.
    public var bufferedBytes: Int { queue.count + message.count }

    /// The storage behind those, in octets.
    var allocatedBytes: Int { queue.storage.capacity + message.capacity }

    /// The next message; nil until more bytes are appended, and for ever behind a close. An error is final:
    /// it is thrown again by every later call.
    public mutating func next() throws(WebSocketError) -> Message? {
        if let failure { throw failure }
        do {
            return try advance()
        } catch {
            failure = error
            release()
            throw error
        }
    }

    /// Nothing more will be read.
    private mutating func release() {
        queue.removeAll()
        message = []
        inflater = nil
    }

    private mutating func advance() throws(WebSocketError) -> Message? {
        while !isClosed {
            let frame: WebSocketFrameHeader
            if let header {
                frame = header
            } else {
                let parsed = try WebSocketFrameHeader(
                    queue.storage.span, from: queue.start, role: role, allowsCompression: deflate != nil)
                guard let parsed else { return nil }
                try admit(parsed)
                queue.consume(parsed.length)
                header = parsed
                frame = parsed
            }
            if frame.opcode.isControl {
                guard queue.count >= frame.payloadLength else { return nil }
                header = nil
                return try control(frame.opcode, takePayload(frame))
            }
            try appendPayload(frame)
            guard received == frame.payloadLength else { return nil }
            header = nil
            received = 0
            if frame.isFinal { return try finishMessage() }
        }
        return nil
    }

    /// Checks a frame against the message it stands in and against the limits, before its payload is awaited.
    private mutating func admit(_ frame: WebSocketFrameHeader) throws(WebSocketError) {
        if frame.opcode.isControl {
            guard open != nil else { return }
            open?.controlFrames += 1
            if let open, open.controlFrames > limits.controlFrames {
                throw .tooBig("Too many control frames stand within one message.")
            }
            return
        }
        if frame.opcode == .continuation {
            guard open != nil else { throw .violation("A continuation frame continues nothing.") }
        } else {
            guard open == nil else { throw .violation("A message starts within another one.") }
            open = OpenMessage(isText: frame.opcode == .text, isCompressed: frame.isCompressed)
        }
        open?.fragments += 1
        if let open, open.fragments > limits.fragments { throw .tooBig("The message has too many frames.") }
        if frame.payloadLength > limits.frameBytes { throw .tooBig("The frame is too long.") }
        if frame.payloadLength > limits.messageBytes - message.count {
            throw .tooBig("The message is too long.")
        }
    }

    /// Takes what has arrived of a frame into the message.
    private mutating func appendPayload(_ frame: WebSocketFrameHeader) throws(WebSocketError) {
        let length = min(queue.count, frame.payloadLength - received)
        guard length > 0 else { return }
        let start = message.count
        message.append(contentsOf: queue.storage[queue.start..<(queue.start + length)])
        queue.consume(length)
        if let key = frame.maskingKey {
            WebSocketMask.apply(WebSocketMask.rotated(key, by: received), to: &message, from: start)
        }
        received += length
        guard let open, open.isText, !open.isCompressed else { return }
        // What has arrived whole is looked at as a whole, which is quicker.
        if start == 0, frame.isFinal, length == frame.payloadLength { return }
        var check = open.utf8
        guard check.take(message.span.extracting(start...)) else { throw .notText("The text is not UTF-8.") }
        self.open?.utf8 = check
    }

    private mutating func takePayload(_ frame: WebSocketFrameHeader) -> [UInt8] {
        var payload = queue.take(frame.payloadLength)
        if let key = frame.maskingKey { WebSocketMask.apply(key, to: &payload, from: 0) }
        return payload
    }

    private mutating func finishMessage() throws(WebSocketError) -> Message {
        var payload = message
        let finished = open
        message = []
        open = nil
        if finished?.isCompressed == true { payload = try inflated(payload) }
        guard finished?.isText == true else { return .binary(payload) }
        guard let text = payload.span.utf8Text(0..<payload.count) else {
            throw .notText("The text is not UTF-8.")
        }
        return .text(text)
    }

    private mutating func inflated(_ payload: [UInt8]) throws(WebSocketError) -> [UInt8] {
        guard let deflate else { throw .violation("A reserved bit is set.") }
        let inflater = self.inflater ?? WebSocketInflater(deflate, role: role)
        self.inflater = inflater
        return try inflater.inflate(payload, atMost: limits.messageBytes)
    }

    private mutating func control(
        _ opcode: WebSocketOpcode, _ payload: [UInt8]
    ) throws(WebSocketError) -> Message {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default:
            let close = try Self.close(payload)
            isClosed = true
            release()
            return close
        }
    }

    /// RFC 6455 5.5.1 and 7.4.
    private static func close(_ payload: [UInt8]) throws(WebSocketError) -> Message {
        guard !payload.isEmpty else { return .close(code: nil, reason: "") }
        guard payload.count >= 2 else { throw .violation("A close frame has half a status code.") }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .violation("A close frame has a status code that is not for the wire.")
        }
        guard let reason = payload.span.utf8Text(2..<payload.count) else {
            throw .notText("The reason of a close frame is not UTF-8.")
        }
        return .close(code: code, reason: reason)
    }
}
