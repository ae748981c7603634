public import Base
public import Ledger
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
    private let files: StoreFiles

    /// Opens the store at `path`, making it (readable by its owner only) and its folder where there is none.
    ///
    /// Throws `cannotOpen`, `notAStore`, `newerSchema`, `logWithoutStore`, `foreignLog`, `corrupt`, `full`, or
    /// `replaced` where the file changed just now.
    public init(path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
        limits.check()
        let files = StoreFiles(path)
        self.files = files
        try files.refuseLogAlone()
        try files.makeFolder()
        try files.makeFile()
        // First of all: a file that is not ours must not be changed, not even its journal mode.
        let database = try Database.store(files, limits: limits)
        try database.useWriteAheadLog(patience: limits.busyTimeout)
        try database.execute(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY")
        // A log that grew because of a reader is cut when it begins anew.
        try database.execute("PRAGMA journal_size_limit = \(limits.logBytes)")
        if let pages = limits.maximumPages { try database.execute("PRAGMA max_page_count = \(pages)") }
        let isNew = try Schema.prepare(database)
        let checkpointer = try Checkpointer(database, of: files, limits: limits)
        // So that the file says by itself whose it is.
        let copied = isNew ? try checkpointer.checkpoint() : nil
        reader = Mutex(try Reader(files, limits: limits))
        let transaction = try Transaction(
            database, limits: limits,
            shared: Shared(recordCache: recordCache, inFlight: inFlight, observer: observer))
        // Without a log all is in the file.
        transaction.order.copied = StoreFiles.size(files.log) == 0 ? transaction.order.last : copied
        guard let opened = try? OpenedFiles(files), !database.hasMoved else {
            // As `close`: the log of that name is another store's.
            checkpointer.keepLog()
            reader.withLock { $0?.database.keepLog(true) }
            throw .replaced(path: path)
        }
        writer = try Writer(files, opened: opened, limits: limits)
        try writer.start(Writer.Tools(transaction: transaction, checkpointer: checkpointer))
    }

    deinit { close() }

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
        if decision.endsTicket { inFlight.end(ticket) }
        return decision
    }

    public func isLost(_ ticket: Ticket) -> Bool {
        if case .lost = inFlight.admission(of: ticket) { true } else { false }
    }

    public func release(_ ticket: Ticket) { inFlight.end(ticket) }

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
                try transaction.heartbeat(host: host, now: now, expiresAt: expiresAt)
            }
        }
    }

    public func mark(_ connections: [String], of host: String, lostAt: Timestamp?) async throws(StoreError) {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                for connection in connections {
                    try transaction.tables.connections.mark(connection, of: host, lostAt: lostAt)
                }
            }
        }
    }

    public func retire(host: String, now: Timestamp) async throws(StoreError) {
        try await perform { transaction throws(StoreError) in
            try transaction.isolated { () throws(StoreError) in
                try transaction.retire(host: host, now: now)
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

    public func check() throws(StoreError) {
        // Of a store that is closed the log may be gone for good reason.
        guard reader.withLock({ $0 != nil }) else { throw .closed }
        writer.look()
        _ = try read { reader throws(StoreError) in try reader.number() }
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

    public func news() throws(StoreError) -> (any StoreNews)? { try StoreWatch(files) }

    public func close() {
        writer.close()
        reader.withLock { reader in
            if writer.isReplaced { reader?.database.keepLog(true) }
            reader = nil
        }
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
