internal import CSQLite
internal import Glibc

/// One SQLite connection, to be used by one thread at a time.
///
/// With `Statement.swift`, the only place where SQLite's C interface is called. Sound because the handle lives as
/// long as this object, statements keep the object alive, and every text and blob is copied at the boundary.
@safe final class Database {
    let handle: OpaquePointer
    let path: String

    /// Configures the library before its first use; later calls do nothing.
    private static let configured: Void = csqlite_configure()

    enum Access { case readWrite, readOnly }

    init(path: String, access: Access, limits: StoreLimits) throws(StoreError) {
        _ = Self.configured
        var handle: OpaquePointer?
        let flags =
            SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE
            | (access == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY)
        // Never a bare name: SQLite gives a meaning of its own to some, as to `:memory:` and `file:`.
        let name = path.first == "/" ? path : "./" + path
        let code = unsafe sqlite3_open_v2(name, &handle, flags, csqlite_vfs)
        guard code == SQLITE_OK, let opened = unsafe handle else {
            let reason = unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) }
            unsafe sqlite3_close_v2(handle)
            throw .cannotOpen(path: path, reason: reason ?? "out of memory")
        }
        unsafe self.handle = opened
        self.path = path
        unsafe sqlite3_busy_timeout(opened, Int32(clamping: limits.busyTimeout.milliseconds))
    }

    deinit { unsafe sqlite3_close_v2(handle) }

    /// Whether no transaction is open: also true after SQLite has rolled one back by itself (disk full, I/O error).
    var isAutocommit: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

    /// Runs a COMMIT so that all of it goes to the write-ahead log at once (log.h).
    func gathering(_ commit: () throws(StoreError) -> Void) throws(StoreError) {
        unsafe csqlite_gather(handle, 1)
        defer { unsafe csqlite_gather(handle, 0) }
        try commit()
    }

    /// Runs statements that return no rows and bind nothing.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// The first column of the first row, as an integer: for pragmas.
    func integer(_ sql: String) throws(StoreError) -> Int64 {
        try Statement(self, sql).first { $0.integer(0) } ?? 0
    }

    /// Turns the write-ahead log on, which stays with the file.
    ///
    /// SQLite does not wait by itself where several processes do this to a new file at once.
    func useWriteAheadLog(patience: Duration) throws(StoreError) {
        if unsafe sqlite3_db_readonly(handle, "main") == 1 { throw .readOnly }
        let started = ContinuousClock.now
        while true {
            do throws(StoreError) {
                let mode = try Statement(self, "PRAGMA journal_mode = WAL").first { $0.text(0) }
                if mode == "wal" { return }
                throw .cannotOpen(path: path, reason: "its file system cannot hold a write-ahead log")
            } catch .busy where ContinuousClock.now - started < patience {
                usleep(1_000)
            }
        }
    }

    /// Copies everything to another database, as it is at one moment, while others read and write this one
    /// (https://www.sqlite.org/backup.html).
    func copy(to other: Database) throws(StoreError) {
        guard let backup = unsafe sqlite3_backup_init(other.handle, "main", handle, "main") else {
            throw other.error(unsafe sqlite3_errcode(other.handle), "backup")
        }
        // In one step: a copy in several would start anew with every commit of another process.
        let code = unsafe sqlite3_backup_step(backup, -1)
        let ended = unsafe sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, ended == SQLITE_OK else {
            throw other.error(code == SQLITE_DONE ? ended : code, "backup")
        }
    }

    /// The extended result code where a value is there already.
    static let notUnique = SQLITE_CONSTRAINT | 8 << 8

    /// Maps an extended SQLite result code to the store's error.
    func error(_ code: Int32, _ sql: String) -> StoreError {
        switch code & 0xff {
        case SQLITE_FULL: .full
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CORRUPT: .corrupt
        case SQLITE_NOTADB: .notAStore(path: path)
        case SQLITE_READONLY: .readOnly
        case SQLITE_IOERR: .io(code: code)
        case SQLITE_CANTOPEN: .cannotOpen(path: path, reason: unsafe String(cString: sqlite3_errmsg(handle)))
        default: .unexpected(code: code, statement: sql)
        }
    }
}
