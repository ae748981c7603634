public import Base
public import Ledger
public import Observability
internal import Synchronization

/// What a function sees of the world during one invocation.
///
/// Reads are of what is committed in the shared state. Writes are kept here and applied in one transaction when the function
/// returns; a function that throws, or overruns its deadline, changes nothing. What was read is checked at the
/// commit: if another invocation changed it meanwhile, the function runs again with a new context.
public final class Context: Sendable {
    private let event: Event
    private let entry: FunctionEntry
    /// Who asks; nil where the function asks for no authentication.
    public let caller: Claims?
    /// This invocation's place in its trace; passed on to jobs.
    public let trace: TraceContext
    /// Whether the manifest lets sessions be opened for whoever comes.
    public let allowsAnonymous: Bool
    /// The environment variables that the manifest lets this function see.
    public let environment: [String: String]
    /// Fields for this invocation's log line.
    public let log: LogFields

    let backend: any ContextBackend
    private let work: Mutex<Work>
    /// The namespace that rooms without one belong to.
    private let namespace: String
    private let deadline: Duration

    private struct Work {
        var unit = UnitOfWork()
        var random: SeededRandom
        var saved: [String: String] = [:]
        var answerEvent: String?
    }

    package init(
        event: Event, entry: FunctionEntry, caller: Claims?, trace: TraceContext, allowsAnonymous: Bool,
        environment: [String: String], log: LogFields, random: SeededRandom, remaining: Duration,
        backend: any ContextBackend
    ) {
        self.event = event
        self.entry = entry
        self.caller = caller
        self.trace = trace
        self.allowsAnonymous = allowsAnonymous
        self.environment = environment
        self.log = log
        self.backend = backend
        work = Mutex(Work(random: random))
        namespace = Self.namespace(of: event.trigger, entry)
        deadline = backend.uptime + remaining
    }

    /// The request's id.
    public var requestID: String { event.id }
    /// The function's name in the manifest.
    public var function: String { entry.name }
    /// When the event was received. A function has no other clock.
    public var now: Timestamp { event.time }
    /// What brought the event.
    public var trigger: Event.Source { event.trigger }
    /// The address of the peer.
    public var address: String? { event.address }
    /// The hosts that the manifest lets this function reach.
    public var hosts: [String] { entry.hosts }
    /// What the manifest lets this function use.
    public var limits: Limits { entry.limits }

    /// A socket's namespace; `/` for plain WebSockets and all that is no socket.
    private static func namespace(of trigger: Event.Source, _ entry: FunctionEntry) -> String {
        guard case .socket(let event, _, _) = trigger else { return RoomName.mainNamespace }
        let namespace = RoomName.namespace(of: event)
        // A path of plain WebSockets looks alike, but is no namespace; none has the name of both.
        let isPath =
            namespace != RoomName.mainNamespace
            && entry.triggers.contains {
                if case .websocket(let path, _) = $0 { path == namespace } else { false }
            }
        return isPath ? RoomName.mainNamespace : namespace
    }

    /// The caller's id. Throws a 401 `Problem` without one.
    public var subject: String {
        get throws(Problem) {
            guard let caller else { throw Problem(.unauthenticated, "A token is needed.") }
            return caller.subject
        }
    }

    // MARK: Reads

    /// The record with an id, as this invocation has saved it or else as it is committed.
    public func read<R: StoredRecord>(_ type: R.Type, _ id: String) async throws -> R? {
        if let saved = work.withLock({ $0.saved.isEmpty ? nil : $0.saved[R.kind + "\n" + id] }) {
            return try JSON.decode(type, text: saved)
        }
        let record = try await backend.record(kind: R.kind, id: id)
        work.withLock { $0.unit.reads.append(.record(kind: R.kind, id: id, version: record?.version ?? 0)) }
        return try record.map { try backend.decoded.decode(type, id, text: $0.body) }
    }

    /// The last entries of a stream, oldest first, at most 1,000. Entries that come later are no conflict.
    public func journal(_ stream: String, last count: Int) async throws -> [JournalEntry] {
        let slice = try await backend.journal(stream: stream, last: min(max(count, 0), 1_000))
        work.withLock { $0.unit.reads.append(.journal(stream: stream, upTo: slice.upTo)) }
        return slice.entries
    }

    /// The journal's entry with an id.
    public func journalEntry(_ id: String) async throws -> JournalEntry? {
        let entry = try await backend.journalEntry(id: id)
        work.withLock { $0.unit.reads.append(.entry(id: id, isThere: entry != nil)) }
        return entry
    }

    /// What stands for the addresses that the caller's is counted with (``AddressBlock``), where an address must not be
    /// kept: one mark for all of them, for as long as the key that signs tokens is the same, and without that key nobody
    /// finds the addresses. Nil where the caller has none, or nothing is signed.
    public var addressMark: String? { backend.addressMark(of: address) }

    /// How long this function may still take, for the waits of what is outside. It differs in a replay: nothing that
    /// the function decides may depend on it.
    public var remaining: Duration { max(.zero, deadline - backend.uptime) }

    // MARK: Random numbers and ids

    /// A random number of this invocation's own sequence.
    public func random() -> UInt64 { work.withLock { $0.random.next() } }

    /// A new id: the prefix and 26 characters that sort by time. It may be shown to anybody and opens no door, for
    /// whoever has seen one (or the trace's id) can compute the others of this invocation.
    public func identifier(_ prefix: String) -> String {
        work.withLock { $0.random.identifier(prefix, at: now) }
    }

    /// A new id that nobody can guess, with 128 bits of libcrypto's: the prefix and 36 characters that sort by time.
    /// For what it is enough to know the name of. Throws a 500 `Problem` where libcrypto fails.
    public func secretIdentifier(_ prefix: String) throws(Problem) -> String {
        try backend.secretIdentifier(prefix, at: now) ?? identifier(prefix)
    }

    // MARK: Writes

    /// Makes or replaces a record.
    public func save<R: StoredRecord>(_ record: R) throws {
        let body = try JSON.encode(record)
        work.withLock { work in
            work.saved[R.kind + "\n" + record.id] = body
            work.unit.writes.append(.save(kind: R.kind, id: record.id, body: body))
        }
    }

    /// Adds an entry to a stream of the journal; `id` must be new.
    public func append(_ value: some Encodable, as kind: String, id: String, to stream: String) throws {
        write(.append(stream: stream, kind: kind, id: id, body: try JSON.encode(value)))
    }

    /// Adds a job to a queue. Jobs of one group run in order, on behalf of the subject whom the group names.
    public func enqueue(_ payload: some Encodable, id: String, on queue: String, group: String) throws {
        write(
            .enqueue(
                queue: queue, group: group, id: id, payload: try JSON.encode(payload),
                traceparent: trace.traceparent))
    }

    // MARK: Sockets
    //
    // Rooms are those of the namespace of the socket that triggered this invocation, and of the main namespace where no
    // socket did or a plain WebSocket: `table` in an invocation from `/lobby` is `/lobby#table`. That full name may be
    // given anywhere; `/#table` is the main namespace's. Every socket is in the room that its own id names.
    //
    // What takes a room throws where its name is empty, longer than 256 bytes, has a control character, or begins with a
    // slash and has no `#`.

    /// Sends an event to the sockets in `rooms`, except those that are also in a room of `except`. The value is its one
    /// argument; ``Arguments`` are each of them.
    ///
    /// A socket that cannot take a `volatile` event at once does without it, also after it was away. With `answerWithin`
    /// each client is asked for an answer (Socket.IO's acknowledgement): the event `$ack:EVENT` has it, or says that the
    /// time is over. Throws where that is not above zero, or more than a day.
    public func emit(
        _ event: String, _ value: some Encodable, to rooms: [String], except: [String] = [],
        volatile isVolatile: Bool = false, answerWithin: Duration? = nil
    ) throws {
        if let answerWithin {
            guard answerWithin > .zero, answerWithin <= Emit.longestAnswer else {
                throw ContextError("answerWithin must be above zero, and a day at most")
            }
        }
        write(
            .emit(
                Emit(
                    rooms: try rooms.map(full), except: try except.map(full), event: event,
                    json: try JSON.encode(value), form: DataForm(of: type(of: value)), isVolatile: isVolatile,
                    answerWithin: answerWithin)))
    }

    /// Sends a value to one connection, as the event `message`; a plain WebSocket gets just the value: JSON, the bytes of
    /// a ``Binary``, or the text of a ``PlainText``.
    public func post(_ value: some Encodable, to connectionID: String) throws {
        guard RoomName.qualified(connectionID, in: RoomName.mainNamespace) == connectionID else {
            throw ContextError("a connection's id must be 1 to 256 bytes without control characters")
        }
        write(
            .emit(
                Emit(
                    rooms: [connectionID], event: "message", json: try JSON.encode(value),
                    form: DataForm(of: type(of: value)))))
    }

    /// Lets all sockets of a subject in the room's namespace into it.
    public func join(_ room: String, subject: String) throws {
        write(.join(room: try full(room), .subject(subject)))
    }

    /// Lets the socket that triggered this invocation into a room. Nothing without such a socket.
    public func join(_ room: String) throws {
        let room = try full(room)
        if let connectionID { write(.join(room: room, .connection(connectionID))) }
    }

    /// Takes all sockets of a subject in the room's namespace out of it.
    public func leave(_ room: String, subject: String) throws {
        write(.leave(room: try full(room), .subject(subject)))
    }

    /// Takes the socket that triggered this invocation out of a room. Nothing without such a socket.
    public func leave(_ room: String) throws {
        let room = try full(room)
        if let connectionID { write(.leave(room: room, .connection(connectionID))) }
    }

    /// Closes all sockets of a subject, in every namespace. They cannot be resumed.
    ///
    /// Throws where the reason is longer than 123 bytes (RFC 6455 section 5.5) or has a control character.
    public func close(subject: String, reason: String) throws {
        write(.close(.subject(subject), reason: try checked(reason)))
    }

    /// Closes a socket; it cannot be resumed. Throws as `close(subject:reason:)`.
    public func close(connection: String, reason: String) throws {
        write(.close(.connection(connection), reason: try checked(reason)))
    }

    /// Records the socket that triggered this invocation as the caller's. One that comes back is resumed, and has its
    /// rooms. Nothing without such a socket.
    public func openConnection() throws {
        guard case .socket(_, let connection, let host) = trigger, let caller else { return }
        write(
            .connect(
                connection: connection, host: host, subject: caller.subject, session: caller.session,
                namespace: namespace))
    }

    /// Keeps the socket that triggered this invocation, and its rooms, for as long as it may come back
    /// (`recovery-window`). Nothing without such a socket, or where it is another host's by now.
    public func suspendConnection() {
        if case .socket(_, let connection, let host) = trigger {
            write(.suspend(connection: connection, host: host))
        }
    }

    /// Forgets the socket that triggered this invocation, and its rooms. Nothing without such a socket, or where it is
    /// another host's by now.
    public func closeConnection() {
        if case .socket(_, let connection, let host) = trigger {
            write(.disconnect(connection: connection, host: host))
        }
    }

    // MARK: Sessions

    /// Opens a session for a subject and signs a token for it.
    public func openSession(for subject: String, roles: [String] = [], lifetime: Duration) throws
        -> SessionToken
    {
        let session = SessionToken(
            id: try secretIdentifier("session"), for: subject, roles: roles, now: now, lifetime: lifetime
        ) { backend.sign($0, now: now) }
        guard let session else { throw Problem(.failed, "No token could be signed.") }
        write(session.write)
        return session
    }

    /// What was read and is to be written so far.
    package var unit: UnitOfWork { work.withLock { $0.unit } }

    /// What the answer is called among events, where the function says so.
    package var answerEvent: String? { work.withLock { $0.answerEvent } }

    /// To a client that reads the answer as one of a stream of events, it is an event of this name. Not needed where the
    /// same is emitted.
    public func answers(as event: String) { work.withLock { $0.answerEvent = event } }

    private func write(_ write: UnitOfWork.Write) {
        work.withLock { work in
            if work.unit.writes.isEmpty { work.unit.writes.reserveCapacity(4) }
            work.unit.writes.append(write)
        }
    }

    /// The id of the socket that triggered this invocation.
    private var connectionID: String? {
        if case .socket(_, let connection, _) = trigger { connection } else { nil }
    }

    func full(_ room: String) throws -> String {
        // A socket's id is a room of no namespace.
        if let connectionID, room == connectionID { return room }
        guard let full = RoomName.qualified(room, in: namespace) else {
            let rule =
                room.utf8.first == UInt8(ascii: "/")
                ? "must name a namespace and a room, as /lobby#table"
                : "must be 1 to \(RoomName.maximumLength) bytes without control characters"
            throw ContextError("a room's name \(rule)")
        }
        return full
    }

    private func checked(_ reason: String) throws -> String {
        guard reason.utf8.count <= 123, reason.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw ContextError("a reason must be 123 bytes at most without control characters")
        }
        return reason
    }
}

extension JournalEntry {
    /// The entry's value.
    public func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSON.decode(type, text: body) }
}
