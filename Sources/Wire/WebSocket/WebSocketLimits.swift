/// How much of everything a WebSocket message may bring; beyond it the connection closes with 1009.
public struct WebSocketLimits: Sendable, Equatable {
    /// The payload of one frame, in octets.
    public var frameBytes: Int
    /// A message put together from its frames, in octets.
    public var messageBytes: Int
    /// The frames of one message.
    public var fragments: Int
    /// The control frames between the frames of one message.
    public var controlFrames: Int

    /// Limits that differ from the standard ones where named. Where `fragments` is not, a message may come in frames of
    /// 64 octets, and a short one in 1,024 of any size.
    public init(
        frameBytes: Int = 1024 * 1024, messageBytes: Int = 1024 * 1024, fragments: Int? = nil,
        controlFrames: Int = 256
    ) {
        self.frameBytes = frameBytes
        self.messageBytes = messageBytes
        self.fragments = fragments ?? max(1024, messageBytes / 64)
        self.controlFrames = controlFrames
    }

    /// What a host uses unless it knows better.
    public static let standard = WebSocketLimits()
}
