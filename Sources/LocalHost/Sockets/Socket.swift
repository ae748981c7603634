internal import Runtime
internal import Store

/// A client in one namespace: what a function knows by a connection id. Belongs to the host's actor.
final class Socket {
    enum Stage {
        /// `$connect` runs; what others send it waits in `held`.
        case connecting
        /// Connected.
        case connected
        /// Gone: whoever still holds it does nothing with it.
        case ended
    }

    /// An event that waits for the one before it.
    struct WaitingEvent: Sendable {
        /// With its namespace, as a manifest has it.
        let name: String
        let data: [UInt8]
        let acknowledgement: Int?
    }

    /// An event of ours whose answer is awaited.
    struct Question {
        let event: String
        let deadline: Duration
    }

    /// What a client that was lost asks for.
    struct Resumption {
        /// The last number of the store's order that it has got.
        let after: Int64
        /// Where in the order it has its rooms again.
        var at: Int64?
        /// `$connect` has let it in, and its answer waits for `at`.
        var isGranted = false
    }

    /// Names it in this host's indices; never used twice.
    let key: UInt64
    let link: Link
    let namespace: String
    /// The Socket.IO id: names the connection in the store.
    let connectionID: String
    /// Its events carry their offset.
    let isRecoverable: Bool

    var stage = Stage.connecting
    /// What the client proved itself with: the token, and once `$connect` has passed its claims.
    var credential: Event.Credential
    /// The player behind it.
    var subject: String?
    var resumption: Resumption?
    /// For a client that has not got its connect answer yet.
    var held: [OutgoingPacket] = []
    var heldBytes = 0
    var waiting: [WaitingEvent] = []
    var isHandlingEvent = false
    /// By the number under which it was asked.
    var questions: [Int: Question] = [:]

    init(
        key: UInt64, link: Link, namespace: String, connectionID: String, isRecoverable: Bool,
        credential: Event.Credential
    ) {
        self.key = key
        self.link = link
        self.namespace = namespace
        self.connectionID = connectionID
        self.isRecoverable = isRecoverable
        self.credential = credential
    }

    /// The verified claims.
    var claims: Claims? {
        if case .verified(let claims) = credential { return claims }
        return nil
    }

    /// The full name of an event of this socket, as triggers have it.
    func fullName(of event: String) -> String {
        let place = link.endpoint?.path ?? namespace
        return place == EventName.mainNamespace ? event : "\(place)#\(event)"
    }
}

/// Why a socket has left, in Socket.IO's words: https://socket.io/docs/v4/server-socket-instance/#disconnect
enum DisconnectReason: String, Sendable {
    case transportClose = "transport close"
    case transportError = "transport error"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case clientDisconnect = "client namespace disconnect"
    case serverDisconnect = "server namespace disconnect"
    case serverShutdown = "server shutting down"

    /// Whether a client may come back to where it was: it did not mean to leave, and was not sent away.
    var isRecoverable: Bool {
        switch self {
        case .transportClose, .transportError, .pingTimeout, .serverShutdown: true
        case .parseError, .clientDisconnect, .serverDisconnect: false
        }
    }
}

/// What `$disconnect` is told of a socket that has left.
struct Departure: Sendable {
    let event: Event
    let claims: Claims?
}
