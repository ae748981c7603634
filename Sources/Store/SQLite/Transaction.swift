internal import Base
internal import Ledger
internal import Synchronization

/// The writer's side of the store: one transaction at a time over one connection, on the writer's thread.
///
/// The parts by kind of state are in `Transaction+….swift`. Numbers of the store's order are taken from memory and
/// written back once a transaction; rate counters are read once and written back once a transaction.
final class Transaction {
    let database: Database
    let limits: StoreLimits

    // One group of statements a kind of state.
    let records: RecordStatements
    let jobs: JobStatements
    let sockets: SocketStatements
    let rates: RateStatements
    let answers: AnswerStatements

    /// The last number that was given out.
    private(set) var number: Int64 = 0
    /// Numbers up to this one have been told to the observer.
    private var publishedNumber: Int64 = 0
    private var storedNumber: Int64 = 0
    /// Up to this number all is in the store's file: to be written with the next commit (StoreIdentity).
    var copied: Int64?
    /// Rows that the connection had changed when the transaction began.
    private var changesBefore: Int32 = 0
    /// The last ticket that was given before the transaction began.
    private var ticketBefore: Int64 = 0
    /// Why the transaction is lost before its commit, as when the disk is full.
    private(set) var loss: StoreError?

    /// What need not be read again.
    var known = KnownState()
    /// What readers need not read again, but for what this transaction has saved.
    let recordCache: RecordCache
    var savedRecords: [RecordName] = []
    /// Invocations under way in this process.
    let inFlight: InFlight
    /// What this transaction will tell the observer.
    var committed = Committed()
    /// Other processes' effects that the observer must be told first; nil where no other process committed.
    private var missed: [Effect]?
    private let observer: ObserverBox

    private let readNumber: Statement
    private let writeNumber: Statement
    private let beginning: Statement
    private let committing: Statement
    private let savepoint: Statement
    private let releaseSavepoint: Statement

    init(
        _ database: Database, limits: StoreLimits, recordCache: RecordCache, inFlight: InFlight,
        observer: ObserverBox
    ) throws(StoreError) {
        self.database = database
        self.recordCache = recordCache
        self.inFlight = inFlight
        self.limits = limits
        self.observer = observer
        records = RecordStatements(database)
        jobs = JobStatements(database)
        sockets = SocketStatements(database)
        rates = RateStatements(database)
        answers = AnswerStatements(database)
        readNumber = Statement(database, "SELECT number FROM sequence")
        // The count has the row differ: SQLite writes no page that an UPDATE leaves as it is.
        writeNumber = Statement(
            database,
            "UPDATE sequence SET number = ?1, copied = coalesce(?2, copied), commits = commits + 1")
        beginning = Statement(database, "BEGIN IMMEDIATE")
        committing = Statement(database, "COMMIT")
        savepoint = Statement(database, "SAVEPOINT unit")
        releaseSavepoint = Statement(database, "RELEASE unit")
        number = try readNumber.first { $0.integer(0) } ?? 0
        storedNumber = number
        publishedNumber = number
        observer.published.store(number, ordering: .releasing)
    }

    /// Whether anything would be lost without a commit.
    var isChanged: Bool { number != storedNumber }

    /// Whether other processes' effects wait to be told.
    var hasMissed: Bool { missed != nil }

    /// Takes the next number of the store's order.
    func nextNumber() -> Int64 {
        number += 1
        return number
    }

    /// Gives back the number that was taken last, and that names nothing: the order has no holes.
    func takeBackNumber() { number -= 1 }

    /// Takes the write lock, and learns what other processes did since the last transaction.
    func begin() throws(StoreError) {
        try beginning.run()
        changesBefore = database.changes
        ticketBefore = inFlight.lastID
        loss = nil
        committed = Committed()
        do throws(StoreError) {
            let last = storedNumber
            number = try readNumber.first { $0.integer(0) } ?? 0
            storedNumber = number
            if number != last {
                known = KnownState()
                recordCache.forgetAll()
            }
            try readMissed()
        } catch {
            abandon(error)
            throw error
        }
    }

    /// Makes everything durable. On an error nothing of the transaction is kept.
    func commit() throws(StoreError) {
        if let loss { throw loss }
        do throws(StoreError) {
            try writeRateWindows()
            // With every change, also one that takes no number: so the log says whose it is (StoreIdentity).
            if isChanged || database.changes != changesBefore {
                try writeNumber.run(.integer(number), copied.map { .integer($0) } ?? .null)
            }
            try database.gathering { () throws(StoreError) in try committing.run() }
            storedNumber = number
            copied = nil
            recordCache.forget(savedRecords)
            savedRecords = []
        } catch {
            abandon(error)
            throw error
        }
    }

    /// What the observer is to be told once the transaction is durable, other processes' part first.
    func publication() -> Publication {
        if loss == nil { publishedNumber = number } else { committed = Committed() }
        if let missed {
            committed = Committed(effects: missed + committed.effects, queues: nil)
            self.missed = nil
        }
        defer { committed = Committed() }
        committed.number = publishedNumber
        return Publication(committed: committed, number: publishedNumber, observer: observer)
    }

    /// News for the observer.
    struct Publication: Sendable {
        let committed: Committed
        let number: Int64
        let observer: ObserverBox

        func publish() {
            if !committed.effects.isEmpty || committed.queues != [] { observer.tell(committed) }
            observer.published.store(number, ordering: .releasing)
        }
    }

    /// To be called with every error of an operation: SQLite itself rolls a transaction back on some (disk full,
    /// I/O error, out of memory, even of a read). Going on would run what follows outside of any transaction.
    func operationFailed(_ error: StoreError) {
        if loss == nil, database.isAutocommit { abandon(error) }
    }

    /// Runs `body` so that an error inside it takes back only what `body` did - unless the whole transaction is lost.
    func isolated<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        try savepoint.run()
        let before = number
        do throws(StoreError) {
            let value = try body()
            try releaseSavepoint.run()
            return value
        } catch {
            known.forgetRows()
            if database.isAutocommit {
                abandon(error)
            } else {
                do throws(StoreError) {
                    try database.execute("ROLLBACK TO unit; RELEASE unit")
                    // What the numbers named is gone, and the order has no holes.
                    number = before
                } catch { abandon(error) }
            }
            throw error
        }
    }

    /// Gives up the whole transaction.
    func abandon(_ error: StoreError) {
        loss = error
        inFlight.lose(after: ticketBefore, isFull: error == .full)
        known = KnownState()
        savedRecords = []
        if !database.isAutocommit { try? database.execute("ROLLBACK") }
    }

    /// Effects that other processes committed between our transactions, and our own if their batch was not told.
    private func readMissed() throws(StoreError) {
        guard number > publishedNumber else { return }
        var effects: [Effect] = []
        var last = publishedNumber
        while last < number {
            let rows = try sockets.effects(after: last, limit: limits.outboxBatch)
            // A kind that a newer version wrote is passed over, not taken for the end.
            for row in rows {
                if let kind = row.kind { effects.append(Effect(number: row.number, kind: kind)) }
            }
            guard rows.count == limits.outboxBatch, let newest = rows.last else { break }
            last = newest.number
        }
        missed = effects
        publishedNumber = number
    }
}
