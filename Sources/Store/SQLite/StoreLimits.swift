internal import Base

/// Every limit of the store, in one place.
public struct StoreLimits: Sendable {
    /// Operations that may wait for the writer; one more is refused as `overloaded`.
    public var waitingOperations = 65_536
    /// Operations in one transaction, so that nobody waits for an endless batch.
    public var operationsPerTransaction = 1_024
    /// How long a transaction that nobody waits for is kept open for more work.
    public var openTransaction: Duration = .milliseconds(2)
    /// How old a transaction that somebody waits for may become while other invocations are still at work.
    public var gathering: Duration = .microseconds(250)
    /// Units of work that are enough company for one fsync: such a transaction waits no longer.
    public var gatheredUnits = 12
    /// How long another process may hold the write lock before an operation fails as `busy`.
    public var busyTimeout: Duration = .seconds(5)
    /// Pages in the write-ahead log before they are copied into the database (4 KiB each).
    public var checkpointPages = 4_000
    /// What the write-ahead log is cut to when it begins anew, after a reader has kept it from that and it grew, in bytes.
    public var logBytes = 32 << 20
    /// The largest size of the file in pages; nil for SQLite's own limit. (SQLITE_FULL beyond it.)
    public var maximumPages: Int?
    /// Rows of the outbox read at once when following what other processes emitted.
    public var outboxBatch = 1_024
    /// The longest answer that is kept for clients who ask again, in bytes. Of a longer one it is only kept that it was
    /// given.
    public var keptAnswerBytes = 64 << 10
    /// How long an answer that has expired may stay until it is trimmed.
    public var expiredAnswers: Duration = .seconds(60)
    /// Rows of a kind that one transaction of `trim` drops, so that nobody waits for a long one.
    public var trimBatch = 1_024

    /// The limits that are used where none are given.
    public init() {}

    /// Limits come from our own code, so that a wrong one is our own bug.
    func check() {
        precondition(waitingOperations > 0 && operationsPerTransaction > 0)
        precondition(outboxBatch > 0 && trimBatch > 0 && checkpointPages > 0 && logBytes >= 0)
        precondition(keptAnswerBytes > 0 && expiredAnswers >= .zero)
        precondition(busyTimeout >= .zero && maximumPages ?? 1 > 0)
    }
}
