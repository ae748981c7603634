/// What ends a session once the events that came before it are answered: what was valid before a violation, or before a
/// close, is answered before the close.
enum Farewell {
    /// What the client sent broke the protocol: the code and the text for a WebSocket.
    case violation(code: UInt16, text: String)
    /// Likewise, and where the next frame starts cannot be told any more.
    case brokenFrames(code: UInt16, text: String)
    /// The client's close frame.
    case goodbye(code: UInt16?)
}
