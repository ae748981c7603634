internal import Runtime
internal import Wire

/// A client's line to this host: an Engine.IO session over whichever transport it uses now, or a plain WebSocket.
/// Belongs to the host's actor.
final class Link {
    /// A poll that waits for packets: the connection, and the request that is to be answered.
    struct Poll {
        let connection: UInt64
        let request: HTTPRequest
    }

    /// A POST whose packets are being taken, one by one: the next may have to wait for room.
    struct Post {
        let connection: UInt64
        let request: HTTPRequest
        var packets: EngineIOPayload.Packets
    }

    /// A packet that waits for the next poll.
    struct WaitingPacket {
        let packet: OutgoingPacket
        let isVolatile: Bool
    }

    let id: UInt64
    /// The Engine.IO session's id; of a plain WebSocket a name for the log.
    let name: String
    /// The client's address, as the request that opened it has it.
    let address: String
    /// The plain WebSocket's endpoint; nil for Engine.IO.
    let endpoint: WebSocketEndpoint?
    /// Whether its handlers can take one argument more: an event's offset, for recovery.
    let takesOffsets: Bool
    /// Who opened the Engine.IO session.
    var opener: SessionOpener?

    /// The WebSocket; nil while it polls.
    var connection: Connection?
    var poll: Poll?
    var post: Post?
    var packets: [WaitingPacket] = []
    var packetBytes = 0
    /// How many packets of the first of them have gone: one with attachments is several.
    var packetsGone = 0
    var isDirty = false
    /// A WebSocket that the session may go over to, and until when.
    var upgrade: Connection?
    var upgradeDeadline: Duration?
    /// The candidate has been probed: polls are answered at once, so that the client can go over.
    var isProbed = false
    /// When a poll may be answered for nothing again.
    var nextNoop: Duration = .zero

    /// By namespace, in the order in which they connected: mostly one. A plain WebSocket has one.
    var sockets: [Socket] = []
    /// The pong that waits for the next poll: there is one at most.
    weak var pong: OutgoingPacket?
    /// Events that no function takes, and new tokens.
    var strays: TokenBucket?
    /// What it holds in memory is noted (`Host.weigh`).
    var isNoted = false
    /// Puts a binary packet together with its attachments.
    var assembler: SocketIOAssembler

    var nextPing: Duration
    /// When the client must have answered a ping, and when the first one went out that it has not answered.
    var pongDeadline: Duration?
    var pingedAt: Duration = .zero
    /// When a client without a namespace must have one.
    var connectDeadline: Duration
    /// What ends it once the events before that are answered, and until when that may take.
    var farewell: Farewell?
    var farewellDeadline = Duration.zero
    /// It has been told that it ends; until when that is kept for its next poll.
    var isClosing = false
    var closeDeadline: Duration?

    init(
        id: UInt64, name: String, address: String, endpoint: WebSocketEndpoint? = nil, takesOffsets: Bool,
        now: Duration, settings: SocketSettings
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.endpoint = endpoint
        self.takesOffsets = takesOffsets
        assembler = SocketIOAssembler(limits: SocketIOLimits(attachmentBytes: settings.maxPayload))
        nextPing = now + settings.pingInterval
        connectDeadline = now + settings.connectTimeout
    }

    func socket(in namespace: String) -> Socket? { sockets.first { $0.namespace == namespace } }
}

/// A plain WebSocket endpoint of the manifest.
struct WebSocketEndpoint: Sendable {
    let path: String
    let settings: WebSocketSettings
}
