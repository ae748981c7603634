internal import Glibc
internal import Net

/// Who speaks over a transport: HTTP/1.1, or WebSocket once that was agreed upon.
protocol Speaker: AnyObject {
    /// Bytes that have arrived and are held in memory.
    var heldBytes: Int { get }
    /// Whether there is room for more bytes of the peer.
    var hasRoom: Bool { get }
    /// Whether an answer is under way.
    var isAnswering: Bool { get }
    /// Whether the answer under way may be had though the peer has ended its own side.
    var outlivesPeer: Bool { get }
    /// Whether it looks after its own time at present.
    var hasOwnDeadlines: Bool { get }
    /// Whether what is said is requests and answers, of which each is bounded by itself.
    var isHTTP: Bool { get }

    /// Bytes have come, a sign of life. Takes what has arrived as far as it goes.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// It has its turn again.
    func goOn()
    /// Everything has been sent. False where the transport is another's now.
    func wasSent() -> Bool
    /// There is room for more to send.
    func mayAnswer()
    /// The time is over.
    func expire()
    /// It holds the most memory, and has to go.
    func evict()
    /// The transport is gone.
    func closed()
}

/// A TCP connection: its descriptor, the bytes to send, how much may be read, and its end. Knows nothing of what is said
/// over it. Belongs to the loop's thread.
final class Transport {
    /// How far its end has come.
    enum Ending: Comparable {
        case none
        /// Nothing more is taken; it closes when everything is sent.
        case whenSent
        /// Everything is sent and our side has ended; what the peer still sends is read and dropped until it ends its own.
        case lingering
        case closed
    }

    /// Names it for the event loop and for tasks that answer later; never used twice.
    let id: UInt64
    let descriptor: Int32
    /// The peer's address, without its port.
    let address: String
    private let pool: Transports
    var speaker: (any Speaker)?

    /// What is to be sent.
    var output = Output()
    private(set) var ending = Ending.none
    /// What the peer sends behind a refusal is dropped instead of breaking the connection under the answer.
    var lingers = false
    /// Bytes that have been read since it ends, and dropped.
    private var droppedBytes = 0
    /// The peer has ended its side.
    private(set) var peerHasEnded = false
    /// When it is closed if nothing happens (the host's uptime).
    var deadline: Duration = .zero
    /// Already among those that are flushed at the end of the turn.
    var isDirty = false
    /// What the loop watches for.
    private var interest: ReadyEvents = .read
    /// What is done for it.
    var share: TurnShare

    init(id: UInt64, descriptor: Int32, address: String, share: TurnShare, pool: Transports) {
        self.id = id
        self.descriptor = descriptor
        self.address = address
        self.share = share
        self.pool = pool
    }

    var isOpen: Bool { ending != .closed }
    /// Whether it takes nothing more.
    var isEnding: Bool { ending != .none }
    var waitingBytes: Int { output.byteCount }
    private var limits: HostLimits { pool.core.limits }
    private var isHTTP: Bool { speaker?.isHTTP ?? true }

    // MARK: Sending

    /// Adds to what is sent at the end of the turn, together with whatever else this turn brings.
    func queue(_ add: (inout Output) -> Void) {
        add(&output)
        markDirty()
    }

    /// Has what is to be sent go out at the end of the turn.
    func markDirty() { pool.flushes.add(self) }

    /// Has a share in a broadcast go out, which may wait a moment for the next one.
    func gather() { pool.flushes.addShare(self) }

    /// Gives the kernel what waits, as far as it takes it.
    func flush() {
        guard output.write(to: descriptor, gatheringIn: &pool.scratch) else { return close() }
        if output.byteCount == 0 {
            // A WebSocket needs it no more.
            output.clear(keepingCapacity: isHTTP)
            if isEnding, !lingers || peerHasEnded { return close() }
            guard speaker?.wasSent() ?? true else { return }
            if isEnding { linger() }
        } else if isHTTP, output.byteCount > limits.sendBytes {
            // A reader so slow that it would hold memory without end.
            return close()
        } else {
            output.forgetSent()
        }
        if output.byteCount <= limits.pipelinedBytes { speaker?.mayAnswer() }
        watch()
    }

    // MARK: Reading

    func ready(_ events: ReadyEvents) {
        if events.contains(.write) {
            flush()
            pool.weigh(self)
        }
        // Sending may have closed it, and its descriptor may be somebody else's by now.
        guard isOpen else { return }
        if events.contains(.read) {
            read()
        } else if !events.isDisjoint(with: .hangup) {
            close()
        }
    }

    private func read() {
        let isDropped = isEnding
        let count: Int = unsafe withUnsafeTemporaryAllocation(byteCount: pool.readRoom, alignment: 1) {
            buffer in
            // Of what is dropped anyway, nothing is copied (tcp(7), MSG_TRUNC).
            let flags = isDropped ? Int32(MSG_TRUNC) : 0
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, flags)
            guard count > 0 else { return count }
            pool.hasRead(count)
            if !isDropped { unsafe speaker?.received(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
        if count > 0 {
            // Only a peer that goes on sending to a closing connection gets here; it is read so as to see its end, but
            // not for as much as it likes: what is beyond that waits in the kernel until the connection is closed.
            if isDropped {
                droppedBytes += count
                if droppedBytes >= limits.droppedBytes { watch() }
                return
            }
            pool.weigh(self)
            // Of what is long, one client's line can bring more than is left for all others' requests.
            if share.isNoted, isOpen {
                pool.spend(count, of: self)
                watch()
                // Not only at the end of the turn, which has read more by then.
                pool.relieve()
            }
        } else if count == 0 {
            peerHasEnded = true
            // A client may end its side and still wait for the answer, or for the rest of it.
            if speaker?.outlivesPeer == true {
                watch()
            } else if waitingBytes > 0, isHTTP {
                closeWhenSent()
            } else {
                close()
            }
        } else if errno != EAGAIN && errno != EINTR {
            close()
        }
    }

    /// Tells the loop what this connection waits for.
    func watch() {
        guard isOpen else { return }
        // One that sends on while its turn is over would be told of again and again.
        let isDone = droppedBytes >= limits.droppedBytes
        let isRead = !share.isParked && !peerHasEnded && !isDone && speaker?.hasRoom ?? false
        var interest = ReadyEvents(rawValue: isRead ? ReadyEvents.read.rawValue : 0)
        if output.byteCount > 0 { interest.insert(.write) }
        guard interest != self.interest else { return }
        self.interest = interest
        pool.core.loop.change(descriptor, to: interest, token: id)
    }

    // MARK: Turns

    /// Whether anything more may be done for it now. If not, it goes on by itself.
    func hasTurn() -> Bool { pool.hasTurn(self) }

    /// Something was done for it that costs so much.
    func spend(_ cost: Int) { pool.spend(cost, of: self) }

    /// Notes what it holds in memory. To be called when that may have changed.
    func weigh() { pool.weigh(self) }

    // MARK: Ending

    /// When it is closed if nothing happens.
    func expire(at deadline: Duration) {
        self.deadline = deadline
        pool.deadlines.plan(id, by: deadline)
    }

    /// Takes nothing more, and closes when the answers have gone out.
    func closeWhenSent() {
        if ending == .none {
            ending = .whenSent
            expire(at: pool.core.now + (isHTTP ? limits.idleTime : limits.closeTime))
        }
        markDirty()
    }

    /// Ends our side, and waits a moment for the peer to end its own: to close a descriptor with bytes unread resets the
    /// connection, and a refusal that the peer has not read yet is lost (RFC 9112 section 9.6).
    private func linger() {
        guard ending == .whenSent else { return }
        ending = .lingering
        expire(at: pool.core.now + limits.closeTime)
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func close() {
        guard isOpen else { return }
        ending = .closed
        pool.remove(self)
        Glibc.close(descriptor)
        let speaker = speaker
        self.speaker = nil
        speaker?.closed()
        pool.hasClosed?()
    }

    /// Its deadline may have come.
    func look() {
        guard let speaker else { return }
        if speaker.hasOwnDeadlines, !isEnding { return }
        let now = pool.core.now
        if speaker.isAnswering {
            // What is being answered is looked at again in a while.
            pool.deadlines.plan(id, by: now + limits.requestTime)
        } else if now < deadline {
            pool.deadlines.plan(id, by: deadline)
        } else if isEnding {
            close()
        } else {
            speaker.expire()
        }
    }
}
