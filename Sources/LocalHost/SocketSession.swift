internal import Runtime
internal import Wire

/// What `$disconnect` is told of a socket that has left.
struct Departure: Sendable {
    let event: Event
    let claims: Claims?
}

/// A WebSocket that speaks Engine.IO and Socket.IO: its place in both protocols. Belongs to the host's actor.
final class SocketSession {
    /// Where it stands in Socket.IO's main namespace.
    enum Stage {
        /// Open, not connected: the client has until `deadline`.
        case opened
        /// `$connect` runs; what others send it waits in `held`.
        case connecting
        /// Connected.
        case connected
    }

    /// An event that waits for the one before it.
    struct WaitingEvent: Sendable {
        let name: String
        let data: [UInt8]
        let acknowledgement: Int?
    }

    /// The Engine.IO session's id.
    let engineID: String
    /// The client's address, as the request that opened the socket has it.
    let address: String
    var decoder: WebSocketDecoder
    var stage = Stage.opened
    /// The Socket.IO id: names the connection in the store. A new one with every connect.
    var connectionID: String?
    /// What the client proved itself with: the token, and once `$connect` has passed its claims.
    var credential = Event.Credential.none
    /// The player behind it.
    var subject: String?
    /// Frames for a client that has not got its connect answer yet.
    var held: [[UInt8]] = []

    var waiting: [WaitingEvent] = []
    var isHandlingEvent = false

    var nextPing: Duration
    /// When the client must have answered a ping.
    var pongDeadline: Duration?
    /// When a client that is not connected must be.
    var connectDeadline: Duration
    /// Close frame sent; waits for the client's.
    var isClosing = false

    init(engineID: String, address: String, limits: WebSocketLimits, now: Duration, settings: SocketSettings)
    {
        self.engineID = engineID
        self.address = address
        decoder = WebSocketDecoder(limits: limits)
        nextPing = now + settings.pingInterval
        connectDeadline = now + settings.connectTimeout
    }
}
