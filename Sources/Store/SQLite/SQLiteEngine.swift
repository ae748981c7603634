internal import Glibc
public import Ledger

/// Stores in files of their own, by SQLite.
public struct SQLiteEngine: StoreEngine {
    private let limits: StoreLimits

    /// Opens stores with these limits.
    public init(limits: StoreLimits = StoreLimits()) { self.limits = limits }

    public var names: String { "the path of a file" }

    /// Whatever is no URL is a path; and of a URL nobody wants a folder `https:`.
    public func knows(_ store: String) -> Bool {
        guard let end = store.firstRange(of: "://")?.lowerBound else { return true }
        return end == store.startIndex || store[..<end].contains("/")
    }

    public func open(_ store: String) throws(StoreError) -> any SharedState {
        try SQLiteState(path: store, limits: limits)
    }

    public func copy(
        _ store: String, to file: String, rewriting: StoreRewriting
    ) throws(StoreError) -> Int64 {
        try Snapshot.take(
            of: store, to: file, renaming: rewriting.rateKey, renamingAnswer: rewriting.answerKey,
            rewriting: rewriting.answer)
    }

    /// A transaction that writes holds the lock from its first statement on.
    public func settle(_ store: String) throws(StoreError) -> Int64 {
        let database = try Database.store(StoreFiles(store), limits: limits)
        try database.execute("BEGIN IMMEDIATE")
        let number = try database.integer("SELECT number FROM sequence")
        try database.execute("ROLLBACK")
        return number
    }

    public func openSerially(_ file: String) throws(StoreError) -> any SerialStore {
        try SerialState(path: file, limits: limits)
    }

    public func place(of store: String) -> String? { store }

    /// Who may read the store's files beside their owner; nothing for files that are not there. A store that is made here
    /// is its owner's alone, but one that was copied or restored may be anybody's.
    public func warnings(of store: String) -> [String] {
        let files = StoreFiles(store)
        return [files.path, files.log].compactMap { file in
            var status = stat()
            guard unsafe stat(file, &status) == 0 else { return nil }
            let others =
                switch (status.st_mode & 0o044 != 0, status.st_mode & 0o022 != 0) {
                case (true, true): "read and write"
                case (true, false): "read"
                case (false, true): "write"
                case (false, false): ""
                }
            return others.isEmpty ? nil : "others can \(others) \(file): chmod 600 \(file)"
        }
    }

    public var about: EngineDescription {
        let isFixed = SQLiteLibrary.hasWALResetFix
        return EngineDescription(
            name: "sqlite", version: SQLiteLibrary.version, facts: ["has_wal_reset_fix": isFixed],
            line: "SQLite \(SQLiteLibrary.version), "
                + (isFixed
                    ? "with the fix of the WAL-reset bug"
                    : "without the fix of the WAL-reset bug (3.51.3, 3.50.7, 3.44.6): worked around"))
    }
}
