internal import Base
internal import CSQLite
internal import Glibc
internal import Ledger

/// One SQLite connection, to be used by one thread at a time.
///
/// With `Statement.swift`, the only place where SQLite's C interface is called. Sound because the handle lives as
/// long as this object, statements keep the object alive, and every text and blob is copied at the boundary.
@safe final class Database {
    let handle: OpaquePointer
    /// What errors name.
    let path: String
    /// Set by SQLite with each commit; behind a pointer, as it keeps one.
    private let frames: UnsafeMutablePointer<Int32>

    /// Configures the library before its first use; later calls do nothing.
    private static let configured: Void = csqlite_configure()

    enum Access {
        /// Makes the file where there is none.
        case readWrite
        /// To be read and written, and there.
        case existing
        case readOnly
        /// The file as it is now without its log, and without a lock (https://www.sqlite.org/uri.html#uriimmutable).
        case fileAlone
    }

    convenience init(path: String, access: Access, limits: StoreLimits) throws(StoreError) {
        // Never a bare name: SQLite gives a meaning of its own to some, as to `:memory:` and `file:`.
        try self.init(path.first == "/" ? path : "./" + path, named: path, access, limits)
    }

    convenience init(_ files: StoreFiles, access: Access, limits: StoreLimits) throws(StoreError) {
        let path = files.path
        try self.init(path.first == "/" ? path : "./" + path, named: files.given, access, limits)
    }

    private init(_ file: String, named path: String, _ access: Access, _ limits: StoreLimits)
        throws(StoreError)
    {
        _ = Self.configured
        var handle: OpaquePointer?
        var name = file
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE
        switch access {
        case .readWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .existing: flags |= SQLITE_OPEN_READWRITE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        case .fileAlone:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name = "file:\(Self.quoted(file))?immutable=1"
        }
        let code = unsafe sqlite3_open_v2(name, &handle, flags, csqlite_vfs)
        guard code == SQLITE_OK, let opened = unsafe handle else {
            var reason = unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            let system = unsafe handle.map { unsafe sqlite3_system_errno($0) } ?? 0
            if system != 0 { reason += ": \(SystemError.words(system))" }
            unsafe sqlite3_close_v2(handle)
            throw .cannotOpen(path: path, reason: reason)
        }
        unsafe self.handle = opened
        self.path = path
        unsafe frames = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        unsafe frames.initialize(to: 0)
        unsafe sqlite3_busy_timeout(opened, Int32(clamping: limits.busyTimeout.milliseconds))
        // No connection makes checkpoints by itself (Checkpointer).
        unsafe csqlite_count_frames(opened, frames)
    }

    deinit {
        unsafe sqlite3_close_v2(handle)
        unsafe frames.deallocate()
    }

    /// A path as a URI has it.
    private static func quoted(_ path: String) -> String {
        path.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }

    // MARK: The write-ahead log

    /// Frames (pages) that the log had after this connection's last commit.
    var logFrames: Int { Int(unsafe frames.pointee) }

    /// How many rows this connection has changed so far, modulo 2^32.
    var changes: Int32 { unsafe sqlite3_total_changes(handle) }

    /// Whether the log stays as it is when the last connection closes.
    func keepLog(_ keeps: Bool) { unsafe csqlite_keep_log(handle, keeps ? 1 : 0) }

    /// Copies from the log what no reader needs there. Whether that is all; false also where another connection is at it.
    func checkpoint() throws(StoreError) -> Bool {
        var (frames, copied): (Int32, Int32) = (0, 0)
        let code = unsafe sqlite3_wal_checkpoint_v2(
            handle, nil, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied)
        if code & 0xff == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw error(code, "checkpoint") }
        return frames == copied
    }

    /// Whether the file that was opened is no longer the one of its name.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code == SQLITE_OK && moved != 0
    }

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

    static let onlyReadable = "it can only be read: this process may not write to it, or its file system"

    /// Turns the write-ahead log on, which stays with the file.
    ///
    /// SQLite does not wait by itself where several processes do this to a new file at once.
    func useWriteAheadLog(patience: Duration) throws(StoreError) {
        if unsafe sqlite3_db_readonly(handle, "main") == 1 {
            throw .cannotOpen(path: path, reason: Self.onlyReadable)
        }
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
    /// (https://www.sqlite.org/backup.html). `progress` gets the pages that are copied, and all; where it returns
    /// false, the copy is given up. Whether it is whole.
    ///
    /// A copy in several steps would begin anew with every commit of another process, and never end on a busy store:
    /// the caller holds a read transaction, or copies in one step (`pages` below 0).
    func copy(to other: Database, pages: Int32 = -1, progress: (Int, Int) -> Bool = { _, _ in true })
        throws(StoreError) -> Bool
    {
        guard let backup = unsafe sqlite3_backup_init(other.handle, "main", handle, "main") else {
            throw other.error(unsafe sqlite3_errcode(other.handle), "backup")
        }
        var code: Int32
        var goesOn = true
        repeat {
            code = unsafe sqlite3_backup_step(backup, pages)
            let all = Int(unsafe sqlite3_backup_pagecount(backup))
            if code == SQLITE_OK {
                goesOn = progress(all - Int(unsafe sqlite3_backup_remaining(backup)), all)
            }
        } while code == SQLITE_OK && goesOn
        let ended = unsafe sqlite3_backup_finish(backup)
        guard goesOn else { return false }
        guard code == SQLITE_DONE, ended == SQLITE_OK else {
            throw other.error(code == SQLITE_DONE ? ended : code, "backup")
        }
        return true
    }

    /// The extended result code where a value is there already.
    static let notUnique = SQLITE_CONSTRAINT | 8 << 8
    /// The extended result code where what was written could not be brought to the disk.
    static let notSynced = SQLITE_IOERR | 4 << 8

    /// The library's version as a number.
    static var libraryNumber: Int32 { sqlite3_libversion_number() }

    /// SQLite's words for a result code.
    static func words(of code: Int32) -> String { unsafe String(cString: sqlite3_errstr(code)) }

    /// The system's error of the last input/output error, 0 where there was none.
    private var systemError: Int32 { unsafe sqlite3_system_errno(handle) }

    /// Maps an extended SQLite result code to the store's error.
    func error(_ code: Int32, _ sql: String) -> StoreError {
        switch code & 0xff {
        case SQLITE_FULL: .full
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CORRUPT: .corrupt
        case SQLITE_NOTADB: .notAStore(path: path)
        case SQLITE_READONLY: .readOnly
        case SQLITE_IOERR: [ENOSPC, EDQUOT].contains(systemError) ? .full : .io(code: code)
        case SQLITE_CANTOPEN:
            .cannotOpen(
                path: path,
                reason: Self.words(of: code) + (systemError == 0 ? "" : ": \(SystemError.words(systemError))")
            )
        default: .unexpected(code: code, statement: sql)
        }
    }
}
