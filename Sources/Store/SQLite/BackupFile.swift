internal import Base
internal import CLinux
internal import Glibc
internal import Ledger

/// Copies of a whole store in one file, and how one takes a store's place.
public enum BackupFile {
    /// What a copy holds.
    public struct Copy: Sendable, Equatable {
        /// The last number of the store's order that is in it.
        public let number: Int64
        /// Its size.
        public let bytes: Int
    }

    /// Pages that are copied between two looks at whether to go on: 4 MiB.
    private static let pages: Int32 = 1_024

    /// Copies the store at `path`, which others may use, to the new file `file`: as it is at one moment, without a log,
    /// and for its owner only. There is no such file before all of it is on disk.
    ///
    /// `progress` gets how much is copied, and of how much; where it returns false, nothing is left behind and `stopped`
    /// is thrown. The store's log cannot begin anew meanwhile, and grows.
    public static func take(
        of path: String, to file: String, progress: (Int, Int) -> Bool
    ) throws(BackupError) -> Copy {
        guard !isThere(file) else { throw .exists(path: file) }
        let store = StoreFiles(path)
        try refuseMissing(store)
        return try copy(store, besides: file, progress: progress) { draft throws(BackupError) in
            try place(draft, at: file)
        }
    }

    /// Puts a copy of the store in `file` in the place of the one at `path`, which nobody may have open, and removes what
    /// is left of the old one's log. A store or a log that is there is replaced only with `replacing`.
    ///
    /// The copy is looked through before anything is changed. Progress as with `take`.
    public static func restore(
        _ file: String, to path: String, replacing: Bool, progress: (Int, Int) -> Bool
    ) throws(BackupError) -> Copy {
        do throws(BackupError) {
            return try replace(path, with: file, replacing: replacing, progress: progress)
        } catch .store(.corrupt) { throw .damaged(path: file) }
    }

    private static func replace(
        _ path: String, with file: String, replacing: Bool, progress: (Int, Int) -> Bool
    ) throws(BackupError) -> Copy {
        let source = StoreFiles(file)
        let store = StoreFiles(path)
        guard source.path != store.path else { throw .sameFile(path: file) }
        try refuseMissing(source)
        do throws(StoreError) { try store.makeFolder() } catch { throw .store(error) }
        let old = unsafe open(store.path, O_RDWR | O_CLOEXEC)
        guard old >= 0 || errno == ENOENT else { throw .system(path: path, reason: SystemError.words()) }
        // Until this is closed nobody can open the old store.
        defer { if old >= 0 { close(old) } }
        let code = old < 0 ? 0 : clinux_lock_bytes(old, sharedLock.start, sharedLock.count)
        if code == EAGAIN || code == EACCES { throw .inUse(path: path) }
        guard code == 0 else { throw .system(path: path, reason: SystemError.words(code)) }
        guard replacing || old < 0 && !isThere(store.log) else { throw .storeExists(path: path) }
        return try copy(source, besides: store.path, progress: progress) { draft throws(BackupError) in
            try check(draft)
            if old < 0 {
                try place(draft, at: store.path)
            } else {
                guard unsafe rename(draft, store.path) == 0 else {
                    throw .system(path: path, reason: SystemError.words())
                }
            }
            // Not before: a new store beside an old log is refused, but an old one without its log would not be whole.
            for leftover in [store.log, store.index] { _ = unsafe unlink(leftover) }
            try sync(StoreFiles.parts(store.path).folder)
        }
    }

    /// What every connection to a database in WAL mode has locked (https://www.sqlite.org/src/file/src/os.h, SHARED_FIRST).
    private static let sharedLock = (start: Int64(0x4000_0002), count: Int64(510))

    /// Makes the copy under another name beside `file`, and has it `placed` when it is on disk.
    private static func copy(
        _ source: StoreFiles, besides file: String, progress: (Int, Int) -> Bool,
        placed: (String) throws(BackupError) -> Void
    ) throws(BackupError) -> Copy {
        let draft = "\(file).\(getpid()).partial"
        // For its owner only, as a store is; SQLite would make it for everybody.
        let descriptor = unsafe open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(path: draft, reason: SystemError.words()) }
        defer { close(descriptor) }
        do throws(BackupError) {
            let number: Int64
            do throws(StoreError) {
                guard let last = try fill(draft, from: source, progress: progress) else { throw .closed }
                number = last
            } catch .closed {
                throw BackupError.stopped
            } catch .full {
                throw BackupError.system(path: file, reason: SystemError.words(ENOSPC))
            } catch { throw BackupError.store(error) }
            guard fsync(descriptor) == 0 else { throw .system(path: draft, reason: SystemError.words()) }
            var status = stat()
            _ = unsafe fstat(descriptor, &status)
            try placed(draft)
            return Copy(number: number, bytes: Int(status.st_size))
        } catch {
            for leftover in ["", "-journal", "-wal", "-shm"].map({ draft + $0 }) {
                _ = unsafe unlink(leftover)
            }
            throw error
        }
    }

    /// The last number that was copied; nil where the copy was given up.
    private static func fill(
        _ draft: String, from source: StoreFiles, progress: (Int, Int) -> Bool
    ) throws(StoreError) -> Int64? {
        let limits = StoreLimits()
        let store = try Database.store(source, limits: limits)
        let target = try Database(path: draft, access: .existing, limits: limits)
        // It is synced as a whole at the end.
        try target.execute("PRAGMA synchronous = OFF")
        // One read transaction over all steps: else each commit of another process would begin the copy anew.
        try store.execute("BEGIN")
        _ = try store.integer("SELECT number FROM sequence")
        guard try store.copy(to: target, pages: pages, progress: progress) else { return nil }
        try store.execute("COMMIT")
        try target.execute("PRAGMA journal_mode = DELETE")
        if try StoreIdentity(target) != nil { try target.execute(StoreIdentity.renewal) }
        return try target.integer("SELECT number FROM sequence")
    }

    /// Refuses a copy that is damaged.
    private static func check(_ draft: String) throws(BackupError) {
        do throws(StoreError) {
            let database = try Database(path: draft, access: .existing, limits: StoreLimits())
            let found = try Statement(database, "PRAGMA quick_check(1)").first { $0.text(0) }
            guard found == "ok" else { throw .corrupt }
        } catch { throw .store(error) }
    }

    private static func refuseMissing(_ store: StoreFiles) throws(BackupError) {
        guard StoreFiles.size(store.path) ?? 0 == 0 else { return }
        do throws(StoreError) { try store.refuseLogAlone() } catch { throw .store(error) }
        throw .missing(path: store.given)
    }

    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// Gives a file its name, unless that is taken.
    private static func place(_ draft: String, at file: String) throws(BackupError) {
        var code = unsafe clinux_rename_new(draft, file)
        // Some file systems have no such call.
        if code == EINVAL || code == ENOSYS {
            code = isThere(file) ? EEXIST : unsafe rename(draft, file) == 0 ? 0 : errno
        }
        guard code != EEXIST else { throw .exists(path: file) }
        guard code == 0 else { throw .system(path: file, reason: SystemError.words(code)) }
        try sync(StoreFiles.parts(file).folder)
    }

    /// Brings a folder's names to the disk.
    private static func sync(_ folder: String) throws(BackupError) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path: folder, reason: SystemError.words()) }
        defer { close(descriptor) }
        // Not every file system can sync a folder.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .system(path: folder, reason: SystemError.words())
        }
    }
}
