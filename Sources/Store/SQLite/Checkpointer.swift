internal import Ledger

/// Copies the write-ahead log into the database when it has become long.
///
/// SQLite would do so by itself at the end of a commit, where a commit of another connection that begins the log anew
/// may come between: before SQLite 3.51.3 that could lose pages (docs/decisions/0021). So a second connection holds
/// the write lock meanwhile, and nobody commits; where somebody else has that lock, the next commit tries again.
final class Checkpointer {
    private let database: Database
    /// Holds the write lock.
    private let keeper: Database
    private let pages: Int
    private let begin: Statement
    private let end: Statement
    private let number: Statement

    /// For the commits of `database`, which is one of the files' connections.
    init(_ database: Database, of files: StoreFiles, limits: StoreLimits) throws(StoreError) {
        var patience = limits
        patience.busyTimeout = .zero
        self.database = database
        pages = limits.checkpointPages
        keeper = try Database(files, access: .existing, limits: patience)
        begin = Statement(keeper, "BEGIN IMMEDIATE")
        end = Statement(keeper, "COMMIT")
        number = Statement(keeper, "SELECT number FROM sequence")
        // Now, so that the log and its index are those of the file: SQLite opens them with the first read.
        _ = try keeper.integer("PRAGMA user_version")
    }

    /// To be called after a commit. Up to which number everything is in the file now; nil where there was no checkpoint,
    /// or a reader still needs some of the log.
    ///
    /// Throws where the disk failed; what is in the log stays there.
    func run() throws(StoreError) -> Int64? { database.logFrames >= pages ? try checkpoint() : nil }

    /// Leaves the log as it is when the connections close.
    func keepLog() {
        for connection in [database, keeper] { connection.keepLog(true) }
    }

    /// As `run`, however short the log is.
    func checkpoint() throws(StoreError) -> Int64? {
        do throws(StoreError) {
            try begin.run()
        } catch .busy { return nil }
        defer { try? end.run() }
        return try database.checkpoint() ? try number.first { $0.integer(0) } : nil
    }
}
