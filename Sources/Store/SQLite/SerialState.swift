public import Base
public import Ledger
internal import Synchronization

/// The store for one caller who does one thing after the other, as a replay: no threads, and nothing is durable before
/// `flush`. The same transactions as `SQLiteState`'s, on a file that nobody else uses.
public final class SerialState: SerialStore {
    /// Operations in one SQLite transaction.
    private static let operationsPerTransaction = 2_000

    private struct Parts {
        let transaction: Transaction
        let reader: Reader
        let checkpointer: Checkpointer
        var operations = 0
    }

    private let parts: Mutex<Parts?>
    private let inFlight = InFlight()

    /// Opens the store at `path`. Throws as `SQLiteState` does.
    public init(path: String, limits: StoreLimits = StoreLimits()) throws(StoreError) {
        limits.check()
        let files = StoreFiles(path)
        try files.refuseLogAlone()
        try files.makeFile()
        let database = try Database.store(files, limits: limits)
        try database.execute(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY"
        )
        try Schema.prepare(database)
        let transaction = try Transaction(
            database, limits: limits,
            shared: Shared(recordCache: RecordCache(), inFlight: inFlight, observer: ObserverBox()))
        try transaction.begin()
        parts = Mutex(
            Parts(
                transaction: transaction, reader: Reader(database),
                checkpointer: try Checkpointer(database, of: files, limits: limits)))
    }

    public func number() throws(StoreError) -> Int64 {
        try perform { parts throws(StoreError) in parts.transaction.order.last }
    }

    public func admit(_ request: AdmissionRequest) throws(StoreError) -> AdmissionDecision {
        try perform { parts throws(StoreError) in try parts.transaction.admit(request) }
    }

    public func ticket(for function: String) throws(StoreError) -> Ticket {
        try perform { parts throws(StoreError) in
            guard let id = inFlight.begin(function, limit: .max) else { throw .busy }
            return Ticket(number: parts.transaction.order.last, id: id)
        }
    }

    public func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) throws(StoreError) -> CommitDecision {
        let decision = try perform { parts throws(StoreError) in
            let decision = try parts.transaction.apply(unit, at: now, ticket: ticket, completing: claim)
            parts.transaction.committed = Committed()
            return decision
        }
        if decision.endsTicket { inFlight.end(ticket) }
        return decision
    }

    public func release(_ ticket: Ticket) { inFlight.end(ticket) }

    public func claim(queue: String, group: String, count: Int, until end: Timestamp) throws(StoreError)
        -> JobClaim?
    {
        try perform { parts throws(StoreError) in
            try parts.transaction.claim(
                queue: queue, group: group, owner: "replay", leaseUntil: end, batch: count)
        }
    }

    public func giveBack(_ claim: JobClaim, _ fate: JobReturn) throws(StoreError) {
        _ = try perform { parts throws(StoreError) in
            try parts.transaction.isolated { () throws(StoreError) in
                // Which jobs are whose is what a replay says; no time decides anything.
                try parts.transaction.giveBack(claim, fate, at: Timestamp(milliseconds: 0))
            }
        }
    }

    public func record(kind: String, id: String) throws(StoreError) -> Record? {
        try perform { parts throws(StoreError) in try parts.reader.record(kind: kind, id: id) }
    }

    public func journal(stream: String, last count: Int, upTo number: Int64) throws(StoreError)
        -> JournalSlice
    {
        try perform { parts throws(StoreError) in
            try parts.reader.journal(stream: stream, last: count, upTo: number)
        }
    }

    public func journalEntry(id: String) throws(StoreError) -> JournalEntry? {
        try perform { parts throws(StoreError) in try parts.reader.journalEntry(id: id) }
    }

    public func close() throws(StoreError) {
        try parts.withLock { parts throws(StoreError) in
            try parts?.transaction.commit()
            parts = nil
        }
    }

    private func perform<T: Sendable>(_ body: (inout Parts) throws(StoreError) -> T) throws(StoreError) -> T {
        try parts.withLock { parts throws(StoreError) in
            guard var open = parts else { throw .closed }
            if let loss = open.transaction.loss { throw loss }
            let value = try body(&open)
            open.operations += 1
            if open.operations >= Self.operationsPerTransaction {
                open.operations = 0
                try open.transaction.commit()
                _ = open.transaction.publication()
                _ = try open.checkpointer.run()
                try open.transaction.begin()
            }
            parts = open
            return value
        }
    }
}
