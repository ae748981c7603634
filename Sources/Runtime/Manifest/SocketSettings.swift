public import Functions

/// How the Socket.IO endpoint behaves: the `sockets` part of the manifest. Defaults are Socket.IO's own.
public struct SocketSettings: Sendable, Equatable {
    /// Where the endpoint is; always with a slash at both ends. Every path below it belongs to the host. Empty, which no
    /// manifest says, where there is none.
    public var path: String
    /// Time between two pings of the server.
    public var pingInterval: Duration
    /// How long a pong may take before the socket counts as lost.
    public var pingTimeout: Duration
    /// The largest packet, in bytes.
    public var maxPayload: Int
    /// For how long a lost socket may come back to its rooms and missed events; zero turns recovery off.
    public var recoveryWindow: Duration
    /// How long a new connection may take to join a namespace.
    public var connectTimeout: Duration
    /// How long a change from polling to WebSocket may take.
    public var upgradeTimeout: Duration
    /// How many bytes may wait for one socket that reads too slowly, before it is closed.
    public var sendQueue: Int
    /// How often one address may open a socket, all at once included. A crowd behind one proxy has one address.
    public var handshakeRate: Rate
    /// The origins whose pages may use this host, as ``WebOrigin`` writes them, and `*` for any. A page of the host's
    /// own origin always may; empty means no other.
    public var allowedOrigins: [String]

    /// Settings made in code.
    public init(
        path: String = "/socket.io/", pingInterval: Duration = .seconds(25),
        pingTimeout: Duration = .seconds(20), maxPayload: Int = 1_000_000,
        recoveryWindow: Duration = .seconds(120), connectTimeout: Duration = .seconds(45),
        upgradeTimeout: Duration = .seconds(10), sendQueue: Int = 1 << 20,
        handshakeRate: Rate = Rate(count: 10_000, window: .seconds(5)), allowedOrigins: [String] = []
    ) {
        self.path = path
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = maxPayload
        self.recoveryWindow = recoveryWindow
        self.connectTimeout = connectTimeout
        self.upgradeTimeout = upgradeTimeout
        self.sendQueue = sendQueue
        self.handshakeRate = handshakeRate
        self.allowedOrigins = allowedOrigins
    }

    /// What ``allowedOrigins`` holds where any page may use this host.
    public static let anyOrigin = "*"
}
