internal import Ledger
internal import Runtime

/// A client in one namespace: what a function knows by a connection id. Belongs to the loop's thread.
final class Socket {
    /// An event that waits for the one before it.
    struct WaitingEvent: Sendable {
        /// With its namespace, as a manifest has it.
        let name: String
        let data: [UInt8]
        var form = DataForm.value
        let acknowledgement: Int?
        /// An answer to a question of ours.
        var isAnswer = false
    }

    /// An event of ours whose answer is awaited.
    struct Question {
        let event: String
        let deadline: Duration
    }

    /// What a client that was lost asks for.
    struct Wish {
        /// The connection that it had.
        let connectionID: String
        /// The last number of the store's order that it says it has got.
        let offset: Int64?
        let token: String
    }

    /// How such a client goes on.
    struct Resumption {
        /// The last number of the store's order that it has got.
        let after: Int64
        /// Where its connection began: no other connection of that id has this number.
        let since: Int64
        /// Where in the order it has its rooms again.
        var at: Int64?
    }

    /// Names it in this host's indices; never used twice.
    let key: UInt64
    let session: Session
    let namespace: String
    /// The Socket.IO id: names the connection in the store. Of one that asks to come back that connection's, from when it
    /// is found that it may until it is its turn and nothing is left of that.
    var connectionID: String
    /// Its events carry their offset.
    let isRecoverable: Bool

    var life = SocketLife()
    /// It has taken its id's turn.
    var hasID = false
    /// Its `$connect` has recorded it in the store.
    var isRecorded = false
    /// Why it has left.
    var reason: DisconnectReason?
    /// What the client proved itself with: the token, and once `$connect` has passed its claims.
    var credential: Event.Credential
    /// The caller behind it.
    var subject: String?
    /// What there is of it only until its client is connected: a socket may be idle for hours.
    var connecting: Connecting?
    var waiting: [WaitingEvent] = []
    /// Bytes of those.
    var waitingBytes: Int { waiting.reduce(0) { $0 + $1.data.count } }
    /// By the number under which it was asked.
    var questions: [Int: Question] = [:]

    init(
        key: UInt64, session: Session, namespace: String, connectionID: String, isRecoverable: Bool,
        credential: Event.Credential, wish: Wish? = nil
    ) {
        self.key = key
        self.session = session
        self.namespace = namespace
        self.connectionID = connectionID
        self.isRecoverable = isRecoverable
        self.credential = credential
        connecting = Connecting(wish)
    }

    /// The verified claims.
    var claims: Claims? {
        if case .verified(let claims) = credential { return claims }
        return nil
    }

    /// Holds what is said to it while it connects: until it has its rooms again, what is said to it alone is among what it
    /// missed. Whether it holds that and no more than it may; nil where it does not hold it.
    func holds(_ packet: OutgoingPacket, upTo bytes: Int) -> Bool? {
        guard let connecting, life.isConnecting, connecting.wish == nil || connecting.resumption?.at != nil
        else { return nil }
        connecting.held.append(packet)
        connecting.heldBytes += packet.byteCount
        return connecting.heldBytes <= bytes
    }

    /// It is gone for its client: nothing more is told or taken.
    func forgetAll() {
        connecting?.missed = []
        connecting?.held = []
        waiting = []
        questions = [:]
    }

    /// The full name of an event of this socket, as triggers have it.
    func fullName(of event: String) -> String {
        EventName(at: session.place(of: self), event).description
    }
}

/// What a socket needs until its client is connected. Belongs to the loop's thread.
final class Connecting {
    /// When `$connect` must have decided, and what was missed have been told.
    var deadline: Duration = .zero
    /// What the client asks to come back to, and how it goes on there.
    var wish: Socket.Wish?
    var resumption: Socket.Resumption?
    /// What it has missed.
    var missed: [OutgoingPacket] = []
    /// What has come for it in the meantime.
    var held: [OutgoingPacket] = []
    var heldBytes = 0
    /// How `$connect` has refused it.
    var refusal: Outcome?

    init(_ wish: Socket.Wish?) { self.wish = wish }
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
