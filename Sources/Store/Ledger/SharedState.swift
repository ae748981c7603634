public import Base

/// The state that all functions, hosts and processes share: the seam behind which another engine could stand.
///
/// Operations take effect in one order, numbered over all processes. What changes something waits for its place in that
/// order; reads are of what is committed. All is `async`, for an engine may have to ask another host; one that has its
/// state at hand reads without suspending. Nothing here reads a clock.
public protocol SharedState: Sendable {
    /// Decides whether an invocation may run, or was done before. Counts it, if it may.
    func admit(_ request: AdmissionRequest) async throws(StoreError) -> AdmissionDecision

    /// Applies a unit of work and ends the ticket; returns once it is on disk. On `.conflict` and on errors the
    /// ticket is still the caller's. Where the unit's answer is kept already, nothing is applied (`.answered`). With `claim`, its jobs are done in the same transaction.
    func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) async throws(StoreError) -> CommitDecision

    /// Whether the ticket's admission was lost: it counts for nothing, and its number is another's. Certain where a commit
    /// with this ticket has failed, whatever the error, until it is released; before that it may still be lost.
    func isLost(_ ticket: Ticket) -> Bool

    /// Ends the ticket of an invocation that changed nothing. Does not wait: it only gives a place back.
    func release(_ ticket: Ticket)

    /// A record's version and JSON text: not older than the last admission or commit of this process.
    func record(kind: String, id: String) async throws(StoreError) -> Record?

    /// The last `count` entries of a stream, oldest first, and the number up to which that holds.
    func journal(stream: String, last count: Int) async throws(StoreError) -> JournalSlice

    /// The entry with an id, whatever its stream.
    func journalEntry(id: String) async throws(StoreError) -> JournalEntry?

    /// Leases waiting jobs to `owner` until `leaseUntil`: at most `groups` groups and `batch` jobs of each. A job that
    /// has failed, or whose lease was lost, comes alone; of those that lost it twice one runs at a time.
    func claimJobs(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) async throws(StoreError) -> [JobClaim]

    /// Gives claimed jobs back, or up; the number this takes in the store's order. A lease that was lost in the
    /// meantime is no error: there is nothing to do, and the number is 0.
    @discardableResult
    func giveBack(
        _ claim: JobClaim, _ fate: JobReturn, at now: Timestamp
    ) async throws(StoreError) -> Int64

    /// When the next job of a queue is ready, if any waits.
    func nextJob(queue: String) async throws(StoreError) -> Timestamp?

    /// Jobs waiting or running, and dead letters, by queue.
    func queueDepths() async throws(StoreError) -> [QueueDepth]

    /// The connection with an id, lost or not.
    func connection(id: String) async throws(StoreError) -> StoredConnection?

    /// At most `limit` connections that `host` has, or had last, by their ids, from the one behind `id` on.
    func connections(of host: String, after id: String, limit: Int) async throws(StoreError)
        -> [StoredConnection]

    /// Says of connections, as far as they are still `host`'s, that their sockets were lost at a time; with nil, that
    /// they are there after all. For a host whose sockets and whose connections have come apart.
    func mark(_ connections: [String], of host: String, lostAt: Timestamp?) async throws(StoreError)

    /// The emits for a connection between two numbers: to its own id, or to a room it was in at the emit's place in the
    /// order, and in no room that was left out then. Looks at no more than `scanning` effects (at least 1): where the
    /// answer's `through` is below the one asked for, or what is committed, go on after it. Empty for an id that is not
    /// known. What is trimmed cannot be found: where any of it may have been, the answer says so (`hasGap`), also of
    /// an empty range, and of a start that the store has not got to.
    ///
    /// `end` should be a number that the caller has been told of (`Committed.number`): later ones may not be on disk.
    func missed(connection: String, after start: Int64, through end: Int64, scanning: Int)
        async throws(StoreError) -> Missed

    /// Whether a session of this subject exists, has not expired at `now`, and has not been revoked.
    func isSessionLive(id: String, of subject: String, now: Timestamp) async throws(StoreError) -> Bool

    /// Says that a host lives until `expiresAt`, and prolongs the leases of its jobs until then. What was stored while the
    /// clock was ahead is not believed any longer: waits, leases and hosts' lives. The connections of hosts
    /// that no longer say so are lost from `now` on. Whether the host counted as alive before: where not, others may have
    /// taken its connections for lost, and its jobs.
    @discardableResult
    func heartbeat(host: String, now: Timestamp, expiresAt: Timestamp) async throws(StoreError) -> Bool

    /// Forgets a host: it has stopped. Connections that it still has are lost from `now` on, and jobs that it still has
    /// may be claimed.
    func retire(host: String, now: Timestamp) async throws(StoreError)

    /// Drops what is past its use: effects before `effectsBefore`, connections that were lost before
    /// `connectionsLostBefore`, who was in a room before the oldest effect that is kept, counters and sessions that
    /// expired before `now`, and kept answers some time after. In as many transactions as it takes (`StoreLimits.trimBatch`), so that nobody waits for it.
    ///
    /// A socket's loss is seen late: effects must be kept for as long as that takes beyond the time in which a lost
    /// connection may be resumed.
    func trim(now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp)
        async throws(StoreError)

    /// Throws where the state keeps no more promises: it cannot be read, its disk has failed, or its files are gone. From
    /// then on everything else throws, too. Quick: to be called every second.
    func check() async throws(StoreError)

    /// Calls `observer` after each commit, also another process's, in the store's order. One observer; it must be
    /// quick and is called on the writer's thread.
    func follow(_ observer: @escaping @Sendable (Committed) -> Void)

    /// Has it looked at whether another process has committed since; the observer is told if so. Does not wait for that.
    func catchUp()

    /// News of other processes' commits from now on, for who would rather wait than ask; nil where there is no such thing.
    func news() throws(StoreError) -> (any StoreNews)?

    /// Finishes what waits, and closes what is open. Later operations fail as `closed`.
    func close() async
}

extension SharedState {
    /// None: who follows asks by `catchUp`.
    public func news() throws(StoreError) -> (any StoreNews)? { nil }
}

/// A record: the present value of something.
public struct Record: Sendable, Equatable {
    /// 1 for the first value; one more with each change.
    public let version: Int64
    /// JSON text.
    public let body: String

    /// From its parts.
    public init(version: Int64, body: String) {
        self.version = version
        self.body = body
    }
}

/// An entry of a stream in the append-only journal.
public struct JournalEntry: Sendable, Equatable {
    /// Its place in the store's one order.
    public let number: Int64
    /// The stream, such as `order:ID`.
    public let stream: String
    /// What it records, such as `paid`.
    public let kind: String
    /// Unique over all streams.
    public let id: String
    /// JSON text.
    public let body: String
    /// When it was recorded.
    public let at: Timestamp

    /// From its parts.
    public init(number: Int64, stream: String, kind: String, id: String, body: String, at: Timestamp) {
        self.number = number
        self.stream = stream
        self.kind = kind
        self.id = id
        self.body = body
        self.at = at
    }
}

/// Part of a stream.
public struct JournalSlice: Sendable, Equatable {
    /// Oldest first.
    public let entries: [JournalEntry]
    /// No later number existed when the slice was read.
    public let upTo: Int64

    /// A part of a stream as of a number.
    public init(entries: [JournalEntry], upTo: Int64) {
        self.entries = entries
        self.upTo = upTo
    }
}

/// How much waits in a queue.
public struct QueueDepth: Sendable, Equatable {
    /// The queue's name.
    public let queue: String
    /// Jobs that wait or run.
    public let waiting: Int
    /// Jobs that were given up.
    public let dead: Int

    /// From its parts.
    public init(queue: String, waiting: Int, dead: Int) {
        self.queue = queue
        self.waiting = waiting
        self.dead = dead
    }
}

/// What a commit means for those who follow the store.
public struct Committed: Sendable {
    /// For the sockets, in order.
    public var effects: [Effect] = []
    /// Queues that got jobs; nil when another process committed and any may have.
    public var queues: Set<String>? = []
    /// All up to this number of the store's order has been told, and is on disk.
    public var number: Int64 = 0

    /// From its parts.
    public init(effects: [Effect] = [], queues: Set<String>? = [], number: Int64 = 0) {
        self.effects = effects
        self.queues = queues
        self.number = number
    }
}
