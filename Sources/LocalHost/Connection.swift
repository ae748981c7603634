internal import Wire

/// One accepted TCP connection. Belongs to the host's actor.
final class Connection {
    /// Names it for the event loop and for tasks that answer later; never used twice.
    let id: UInt64
    let descriptor: Int32
    /// The peer's address, without its port.
    let address: String

    /// While it speaks HTTP.
    var parser: HTTPRequestParser?
    /// Once it has become a WebSocket.
    var socket: SocketSession?

    /// A request is being answered; the next one waits.
    var isBusy = false
    /// Nothing more is read; it closes when everything is sent.
    var isClosing = false
    /// Everything is sent and our side has ended; what the peer still sends is read and dropped until it ends its own.
    var isLingering = false
    /// What the peer sends behind a refusal is dropped instead of breaking the connection under the answer.
    var lingers = false
    /// The peer has ended its side.
    var peerHasEnded = false
    /// When it is closed if nothing happens (the host's uptime).
    var deadline: Duration = .zero
    /// Whether `deadline` is that of a request of which a part has arrived.
    var isReceivingRequest = false

    /// Bytes to send, from `sent` on.
    var output: [UInt8] = []
    var sent = 0
    /// Already among those that are flushed at the end of the turn.
    var isDirty = false
    /// What the loop watches for.
    var interest: ReadyEvents = .read

    init(id: UInt64, descriptor: Int32, address: String, limits: HTTPLimits) {
        self.id = id
        self.descriptor = descriptor
        self.address = address
        parser = HTTPRequestParser(limits: limits)
    }

    /// Bytes that are not sent yet.
    var waitingBytes: Int { output.count - sent }
}
