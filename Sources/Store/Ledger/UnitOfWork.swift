public import Base

/// Everything that one invocation read and wants to change, applied whole or not at all.
public struct UnitOfWork: Sendable, Equatable, Codable {
    /// What the function decided upon; checked again before the writes are applied.
    public var reads: [Read]
    /// The changes, in the order in which the function made them.
    public var writes: [Write]
    /// The answer to keep for a client who asks again. Where one is kept already, nothing is applied.
    public var answer: KeptAnswer?

    /// A unit of the given reads and writes.
    public init(reads: [Read] = [], writes: [Write] = [], answer: KeptAnswer? = nil) {
        self.reads = reads
        self.writes = writes
        self.answer = answer
    }

    /// Something the function read.
    public enum Read: Sendable, Equatable, Codable {
        /// A record as of `version` (0: it did not exist). Another version at the commit is a conflict.
        case record(kind: String, id: String, version: Int64)
        /// A stream's entries up to `number`. Entries are never changed, so this cannot conflict; a replay needs it.
        case journal(stream: String, upTo: Int64)
        /// An entry by its id. One that was not there and is at the commit is a conflict; entries never go.
        case entry(id: String, isThere: Bool)
    }

    /// A change of the shared state.
    public enum Write: Sendable, Equatable, Codable {
        /// Makes or replaces a record; `body` is its JSON text.
        case save(kind: String, id: String, body: String)
        /// Adds an entry to a stream; `body` is its JSON text, `id` is unique over all streams.
        case append(stream: String, kind: String, id: String, body: String)
        /// Adds a job; jobs of one group run in order, one batch at a time.
        case enqueue(queue: String, group: String, id: String, payload: String, traceparent: String?)
        /// Tells sockets something.
        case emit(Emit)
        /// Lets the connections into a room. Of a subject's those of the room's namespace (`RoomName`), lost ones too.
        case join(room: String, Connections)
        /// Takes the connections out of a room, of a subject's those of the room's namespace.
        case leave(room: String, Connections)
        /// Records an open socket. Where the connection is recorded already, of the same subject and namespace, it is
        /// resumed: it is `host`'s now, and keeps its rooms. Any other of that id is replaced.
        case connect(
            connection: String, host: String, subject: String, session: String?, namespace: String = "/")
        /// Records that a socket was lost: connection and rooms stay until they are trimmed, so that it may be resumed.
        /// With a host, only while the connection is that host's: it may have been resumed elsewhere meanwhile.
        case suspend(connection: String, host: String? = nil)
        /// Forgets a socket and its rooms. With a host, only while the connection is that host's.
        case disconnect(connection: String, host: String? = nil)
        /// Closes sockets from the server's side, and forgets them.
        case close(Connections, reason: String)
        /// Records a session.
        case openSession(id: String, subject: String, expiresAt: Timestamp)
        /// Ends a session: its tokens are refused from here on, and its sockets are closed.
        case revokeSession(id: String)
    }

    /// Which connections a change of rooms is about.
    public enum Connections: Sendable, Equatable, Codable {
        /// One connection.
        case connection(String)
        /// All that a subject has open.
        case subject(String)
    }
}

extension UnitOfWork {
    /// How many numbers of the store's order its commit takes: those of its writes, and its own behind them.
    public var numbers: Int64 { writes.reduce(1) { $1.takesNumber ? $0 + 1 : $0 } }
}

extension UnitOfWork.Write {
    /// Whether it takes a number of the store's order: an entry, a job, an effect and a recorded socket do, whatever
    /// becomes of them, so that a unit of work says by itself how many numbers it takes.
    public var takesNumber: Bool {
        switch self {
        case .append, .enqueue, .emit, .join, .leave, .connect, .close, .revokeSession: true
        case .save, .suspend, .disconnect, .openSession: false
        }
    }
}

/// What became of a unit of work.
public enum CommitDecision: Sendable, Equatable {
    /// It is on disk; its number in the store's one order.
    case committed(number: Int64)
    /// Something it read has been changed since: run the function again on the new state. The ticket stays valid.
    case conflict
    /// The same was done already, and this was its answer, whatever its input: nothing was applied. The number in the
    /// store's one order at which that was so.
    case answered(KeptAnswer, number: Int64)

    /// Whether the ticket has ended.
    package var endsTicket: Bool { self != .conflict }
}
