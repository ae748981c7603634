internal import Glibc
internal import Synchronization

/// The shared state in one SQLite file (WAL), for all processes of one machine.
///
/// Nobody is told of a commit before the log is on disk (`Disk`). When the disk has failed at that, everything fails
/// from then on: what was committed since the last sync is uncertain.
///
/// One writer a process gathers operations into transactions; SQLite's write lock orders the processes.
public final class SQLiteState: SharedState {
    private let writer: Writer
    private let reader: Mutex<Reader?>
    private let observer = ObserverBox()
    private let recordCache = RecordCache()
    private let inFlight = InFlight()

    /// Opens the store at `path`, making it (readable by its owner only) and its folder where there is none.
    ///
    /// Throws `cannotOpen`, `notAStore`, `newerSchema`, `corrupt`, `full` or `readOnly`.
    public init(path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
        limits.check()
        try SQLiteState.makePlace(for: path)
        let database = try Database(path: path, access: .readWrite, limits: limits)
        // First of all: a file that is not ours must not be changed, not even its journal mode.
        try Schema.check(database)
        try database.useWriteAheadLog(patience: limits.busyTimeout)
        try database.execute(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY")
        try database.execute("PRAGMA wal_autocheckpoint = \(limits.checkpointPages)")
        if let pages = limits.maximumPages { try database.execute("PRAGMA max_page_count = \(pages)") }
        try Schema.prepare(database)
        reader = Mutex(try Reader(path: path, limits: limits))
        writer = try Writer(path: path, limits: limits)
        let transaction = try Transaction(
            database, limits: limits, recordCache: recordCache, inFlight: inFlight, observer: observer)
        try writer.start(transaction)
    }

    deinit { writer.close() }

    /// Makes the folder and an empty file with mode 0600, so that SQLite's own files get that mode too.
    private static func makePlace(for path: String) throws(StoreError) {
        for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
            let result = unsafe mkdir(String(path[..<index]), 0o700)
            guard result == 0 || errno == EEXIST else {
                throw .cannotOpen(path: path, reason: unsafe String(cString: strerror(errno)))
            }
        }
        // Never opens a file that is there: to close it again would drop the POSIX locks that another connection of
        // this process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                // SQLite takes a file of a few bytes for an empty database, and would write over it.
                var status = stat()
                let isFile = unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
                if isFile, (1..<512).contains(status.st_size) { throw .notAStore(path: path) }
                return
            }
            throw .cannotOpen(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        Glibc.close(descriptor)
    }

    // MARK: Operations in the store's order

    public func admit(_ request: AdmissionRequest) async throws(StoreError) -> AdmissionDecision {
        try await perform(
            answeredEarly: { if case .answered = $0 { false } else { true } },
            { transaction throws(StoreError) in try transaction.admit(request) })
    }

    public func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) async throws(StoreError) -> CommitDecision {
        let decision = try await perform { transaction throws(StoreError) in
            try transaction.apply(unit, at: now, ticket: ticket, completing: claim)
        }
        // Not sooner: where the transaction is lost after all, the ticket is still the caller's.
        if decision.endsTicket { inFlight.end(ticket.function) }
        return decision
    }

    public func release(_ ticket: Ticket) { inFlight.end(ticket.function) }

    public func claimJobs(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) async throws(StoreError) -> [JobClaim] {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                try transaction.claim(
                    queue: queue, owner: owner, now: now, leaseUntil: leaseUntil, groups: groups, batch: batch
                )
            }
        }
    }

    @discardableResult
    public func giveBack(
        _ claim: JobClaim, _ fate: JobReturn, at now: Timestamp
    ) async throws(StoreError) -> Int64 {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                try transaction.giveBack(claim, fate, at: now)
            }
        }
    }

    @discardableResult
    public func heartbeat(host: String, now: Timestamp, expiresAt: Timestamp) async throws(StoreError) -> Bool
    {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                let wasAlive = try transaction.sockets.heartbeat(host: host, expiresAt: expiresAt)
                try transaction.prolongLeases(owner: host, now: now, until: expiresAt)
                try transaction.sockets.forgetDeadHosts(now: now, expiresAt: expiresAt)
                return wasAlive
            }
        }
    }

    public func mark(_ connections: [String], of host: String, lostAt: Timestamp?) async throws(StoreError) {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                for connection in connections {
                    try transaction.sockets.mark(connection, of: host, lostAt: lostAt)
                }
            }
        }
    }

    public func retire(host: String, now: Timestamp) async throws(StoreError) {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                try transaction.sockets.retire(host: host, now: now)
                try transaction.freeLeases(owner: host, now: now)
            }
        }
    }

    public func trim(
        now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp
    ) async throws(StoreError) {
        var isMore = true
        while isMore {
            isMore = try await perform { transaction throws(StoreError) in
                try transaction.isolated { () throws(StoreError) in
                    try transaction.trim(
                        now: now, effectsBefore: effectsBefore, connectionsLostBefore: connectionsLostBefore)
                }
            }
        }
    }

    // MARK: Reads

    public func record(kind: String, id: String) throws(StoreError) -> Record? {
        if let failure = writer.failure { throw failure }
        return try recordCache.record(RecordName(kind: kind, id: id)) { () throws(StoreError) in
            try read { reader throws(StoreError) in try reader.record(kind: kind, id: id) }
        }
    }

    public func journal(stream: String, last count: Int) throws(StoreError) -> JournalSlice {
        try read { reader throws(StoreError) in try reader.journal(stream: stream, last: count) }
    }

    public func journalEntry(id: String) throws(StoreError) -> JournalEntry? {
        try read { reader throws(StoreError) in try reader.journalEntry(id: id) }
    }

    public func connection(id: String) throws(StoreError) -> StoredConnection? {
        try read { reader throws(StoreError) in try reader.connection(id: id) }
    }

    public func connections(of host: String, after id: String, limit: Int) throws(StoreError)
        -> [StoredConnection]
    {
        try read { reader throws(StoreError) in try reader.connections(of: host, after: id, limit: limit) }
    }

    public func missed(
        connection: String, after start: Int64, through end: Int64, scanning: Int
    ) throws(StoreError) -> Missed {
        try read { reader throws(StoreError) in
            try reader.missed(connection: connection, after: start, through: end, scanning: max(1, scanning))
        }
    }

    public func isSessionLive(id: String, of subject: String, now: Timestamp) throws(StoreError) -> Bool {
        try read { reader throws(StoreError) in try reader.isSessionLive(id: id, of: subject, now: now) }
    }

    public func nextJob(queue: String) throws(StoreError) -> Timestamp? {
        try read { reader throws(StoreError) in try reader.nextJob(queue: queue) }
    }

    public func queueDepths() throws(StoreError) -> [QueueDepth] {
        try read { reader throws(StoreError) in try reader.queueDepths() }
    }

    // MARK: Following

    public func follow(_ observer: @escaping @Sendable (Committed) -> Void) { self.observer.set(observer) }

    public func catchUp() {
        guard let number = try? read({ reader throws(StoreError) in try reader.number() }),
            number > observer.published.load(ordering: .acquiring),
            !observer.isCatchingUp.exchange(true, ordering: .relaxed)
        else { return }
        // An empty transaction: its beginning reads what was missed. Where there is none to be had, the next call
        // tries again.
        writer.submit(
            Operation(
                run: { [observer] _ in
                    observer.isCatchingUp.store(false, ordering: .relaxed)
                    return nil
                }, refuse: { [observer] _ in observer.isCatchingUp.store(false, ordering: .relaxed) }))
    }

    public func close() {
        writer.close()
        reader.withLock { $0 = nil }
        recordCache.forgetAll()
    }

    private func read<T>(
        _ body: (Reader) throws(StoreError) -> sending T
    ) throws(StoreError) -> sending T {
        if let failure = writer.failure { throw failure }
        return try reader.withLock { reader throws(StoreError) in
            guard let reader else { throw .closed }
            return try body(reader)
        }
    }

    /// Queues `body` for the writer and waits: for the disk, or for the body's own end where `answeredEarly` says so of
    /// its value.
    private func perform<T: Sendable>(
        answeredEarly: @escaping @Sendable (T) -> Bool = { _ in false },
        _ body: @escaping @Sendable (Transaction) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
            writer.submit(
                Operation(
                    run: { transaction in
                        do throws(StoreError) {
                            let value = try body(transaction)
                            guard !answeredEarly(value) else {
                                continuation.resume(returning: .success(value))
                                return nil
                            }
                            return { failure in
                                if let failure {
                                    continuation.resume(returning: .failure(failure))
                                } else {
                                    continuation.resume(returning: .success(value))
                                }
                            }
                        } catch {
                            transaction.operationFailed(error)
                            continuation.resume(returning: .failure(error))
                            return nil
                        }
                    }, refuse: { continuation.resume(returning: .failure($0)) }))
        }
        return try result.get()
    }
}
