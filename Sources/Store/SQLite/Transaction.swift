internal import Base
internal import Ledger
internal import Synchronization

/// The writer's side of the store: one transaction at a time over one connection, on the writer's thread.
///
/// The parts by kind of state are in `Transaction+….swift`, and the statements in `Tables`. Rate counters are read once and
/// written back once a transaction.
final class Transaction {
    let database: Database
    let limits: StoreLimits

    let tables: Tables
    let shared: Shared
    private let control: Control

    /// The store's one order.
    var order: Order
    /// Rows that the connection had changed when the transaction began.
    private var changesBefore: Int32 = 0
    /// The last ticket that was given before the transaction began.
    private var ticketBefore: Int64 = 0
    /// Why the transaction is lost before its commit, as when the disk is full.
    private(set) var loss: StoreError?

    /// What need not be read again.
    var known = KnownState()
    var savedRecords: [RecordName] = []
    /// What this transaction will tell the observer.
    var committed = Committed()
    /// Other processes' effects that the observer must be told first; nil where no other process committed.
    private var missed: [Effect]?

    /// What begins and ends a transaction, or a part of one.
    private struct Control {
        let begin: Statement
        let commit: Statement
        let savepoint: Statement
        let release: Statement

        init(_ database: Database) {
            begin = Statement(database, "BEGIN IMMEDIATE")
            commit = Statement(database, "COMMIT")
            savepoint = Statement(database, "SAVEPOINT unit")
            release = Statement(database, "RELEASE unit")
        }
    }

    init(_ database: Database, limits: StoreLimits, shared: Shared) throws(StoreError) {
        self.database = database
        self.limits = limits
        self.shared = shared
        tables = Tables(database)
        control = Control(database)
        order = try Order(database)
        shared.observer.published.store(order.told, ordering: .releasing)
    }

    /// Whether anything would be lost without a commit.
    var isChanged: Bool { order.isChanged }

    /// Whether other processes' effects wait to be told.
    var hasMissed: Bool { missed != nil }

    /// Takes the write lock, and learns what other processes did since the last transaction.
    func begin() throws(StoreError) {
        try control.begin.run()
        changesBefore = database.changes
        ticketBefore = shared.inFlight.lastID
        loss = nil
        committed = Committed()
        do throws(StoreError) {
            if try order.begin() {
                known = KnownState()
                shared.recordCache.forgetAll()
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
            if isChanged || database.changes != changesBefore { try order.writeBack() }
            try database.gathering { () throws(StoreError) in try control.commit.run() }
            order.isStored()
            shared.recordCache.forget(savedRecords)
            savedRecords = []
        } catch {
            abandon(error)
            throw error
        }
    }

    /// What the observer is to be told once the transaction is durable, other processes' part first.
    func publication() -> Publication {
        if loss == nil { order.told = order.last } else { committed = Committed() }
        if let missed {
            committed = Committed(effects: missed + committed.effects, queues: nil)
            self.missed = nil
        }
        defer { committed = Committed() }
        committed.number = order.told
        return Publication(committed: committed, number: order.told, observer: shared.observer)
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
        try control.savepoint.run()
        let before = order.last
        do throws(StoreError) {
            let value = try body()
            try control.release.run()
            return value
        } catch {
            known.forgetRows()
            if database.isAutocommit {
                abandon(error)
            } else {
                do throws(StoreError) {
                    try database.execute("ROLLBACK TO unit; RELEASE unit")
                    // What the numbers named is gone, and the order has no holes.
                    order.takeBack(to: before)
                } catch { abandon(error) }
            }
            throw error
        }
    }

    /// Gives up the whole transaction.
    func abandon(_ error: StoreError) {
        loss = error
        shared.inFlight.lose(after: ticketBefore, isFull: error == .full)
        known = KnownState()
        savedRecords = []
        if !database.isAutocommit { try? database.execute("ROLLBACK") }
    }

    /// Effects that other processes committed between our transactions, and our own if their batch was not told.
    private func readMissed() throws(StoreError) {
        guard order.last > order.told else { return }
        var effects: [Effect] = []
        var last = order.told
        while last < order.last {
            let rows = try tables.outbox.effects(after: last, limit: limits.outboxBatch)
            // A kind that a newer version wrote is passed over, not taken for the end.
            for row in rows {
                if let kind = row.kind { effects.append(Effect(number: row.number, kind: kind)) }
            }
            guard rows.count == limits.outboxBatch, let newest = rows.last else { break }
            last = newest.number
        }
        missed = effects
        order.told = order.last
    }
}
