internal import Net
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
    var channel: WebSocketChannel?
    /// The Engine.IO session whose poll it holds open.
    var poll: Link?
    /// The Engine.IO session for which the body of a request arrives, or is being taken.
    var sender: Link?
    /// A request of another worker's session, and that worker: it is handed on once all answers have gone out.
    var handedOn: (request: HTTPRequest, worker: Int)?

    /// What is being answered piece by piece, for as long as the client listens.
    var stream: EventStream?
    /// A request is being answered; the next one waits.
    var isBusy = false
    /// Its last request asked how the host is (`/readyz`): it stays open while the host stops, and is told.
    var isProbe = false
    /// Nothing more is read; it closes when everything is sent.
    var isClosing = false
    /// Everything is sent and our side has ended; what the peer still sends is read and dropped until it ends its own.
    var isLingering = false
    /// What the peer sends behind a refusal is dropped instead of breaking the connection under the answer.
    var lingers = false
    /// Bytes that have been read since and dropped.
    var droppedBytes = 0
    /// The peer has ended its side.
    var peerHasEnded = false
    /// When it is closed if nothing happens (the host's uptime).
    var deadline: Duration = .zero
    /// Whether `deadline` is that of a request of which a part has arrived.
    var isReceivingRequest = false

    /// HTTP's bytes to send, from `sent` on; of a WebSocket the answer that opened it.
    var output: [UInt8] = []
    var sent = 0
    /// A WebSocket's frames to send, behind `output`.
    var frames = SendQueue()
    /// Already among those that are flushed at the end of the turn.
    var isDirty = false
    /// What the loop watches for.
    var interest: ReadyEvents = .read

    /// What may still be done for it in this turn of the loop.
    var credit: TurnCredit
    /// What was done for it of late.
    var pace = Pace()
    /// Nothing more is done for it in this turn, or while it rests.
    var isParked = false
    /// What it holds in memory is noted (`Host.weigh`).
    var isNoted = false

    init(id: UInt64, descriptor: Int32, address: String, limits: HTTPLimits, credit: TurnCredit) {
        self.credit = credit
        self.id = id
        self.descriptor = descriptor
        self.address = address
        parser = HTTPRequestParser(limits: limits)
    }

    /// Bytes that are not sent yet.
    var waitingBytes: Int { output.count - sent + frames.byteCount }

    /// What these cost in memory.
    var waitingCost: Int { output.count - sent + frames.cost }
}

/// What a connection is once it has become a WebSocket.
final class WebSocketChannel {
    /// Whose it is. While an Engine.IO session still polls, the channel is only a candidate (`Link.upgrade`).
    let link: Link
    var decoder: WebSocketDecoder
    /// Compresses what is sent, where that was agreed upon.
    let deflater: WebSocketDeflater?
    /// Close frame sent; waits for the client's.
    var isClosing = false

    init(_ link: Link, decoder: WebSocketDecoder, deflater: WebSocketDeflater? = nil) {
        self.link = link
        self.decoder = decoder
        self.deflater = deflater
    }
}
