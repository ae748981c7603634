/// The kinds of frame (RFC 6455 5.2).
public enum WebSocketOpcode: UInt8, Sendable, Equatable {
    /// Another part of the message that a text or binary frame began.
    case continuation = 0x0
    /// UTF-8 text.
    case text = 0x1
    /// Octets.
    case binary = 0x2
    /// The last frame of one side.
    case close = 0x8
    /// Asks for a pong.
    case ping = 0x9
    /// Answers a ping, or is sent unasked.
    case pong = 0xA

    /// Control frames may stand between the frames of a message (RFC 6455 5.5).
    public var isControl: Bool { rawValue >= 0x8 }

    /// Whether a frame of this kind is a message's first one.
    var startsMessage: Bool { self == .text || self == .binary }
}
