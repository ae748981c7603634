/// Why the store could not do what was asked.
///
/// No case carries a bound value: keys, tokens and player texts stay out of logs and answers.
public enum StoreError: Error, Sendable, Equatable {
    /// The file could not be opened or made; `reason` is SQLite's or the system's own text.
    case cannotOpen(path: String, reason: String)
    /// The file is an SQLite database of another application, or no database at all.
    case notAStore(path: String)
    /// The file was written by a newer version of this software.
    case newerSchema(path: String, found: Int, supported: Int)
    /// There is a write-ahead log, but its store is missing or empty.
    case logWithoutStore(path: String)
    /// The write-ahead log beside the store is another store's, or another copy's.
    case foreignLog(path: String)
    /// A file of the open store was deleted, or another one is in its place: what is written now would be lost.
    case replaced(path: String)
    /// The disk, or the size allowed for the file, is full. Nothing of the unit of work was kept.
    case full
    /// Another process kept the store locked for longer than the busy time-out.
    case busy
    /// The file is damaged.
    case corrupt
    /// The file or its file system cannot be written.
    case readOnly
    /// SQLite reported an input/output error; its extended result code.
    case io(code: Int32)
    /// The disk did not take what was to be on it; the system's error number.
    case disk(errno: Int32)
    /// The store was closed, or is closing.
    case closed
    /// Too many operations wait already (see `StoreLimits`).
    case overloaded
    /// The admission was part of a transaction that was lost, so its unit of work cannot count; `full`: because the
    /// disk was.
    case admissionLost(full: Bool)
    /// Another worker has taken the job over since it was claimed.
    case leaseLost
    /// A fault of our own: an SQLite result code that no input should lead to.
    case unexpected(code: Int32, statement: String)
}

extension StoreError: CustomStringConvertible {
    /// One line for the log or a terminal.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open the store \(path): \(reason)"
        case .notAStore(let path): "\(path) is not a store of this application"
        case .newerSchema(let path, let found, let supported):
            "the store \(path) has schema version \(found); this version of the software knows up to \(supported): use a newer one"
        case .logWithoutStore(let path):
            "the store \(path) is missing or empty, but its log \(path)-wal is there, with commits that are nowhere else: put the store's file back, or restore a backup"
        case .foreignLog(let path):
            "the log \(path)-wal is not that of the store \(path), but another store's or another copy's: put the right file back, or restore a backup, which removes the log"
        case .replaced(let path):
            "the store's file \(path) was deleted or replaced while it was open: what was answered last may be lost; start again"
        case .full: "the disk of the store is full"
        case .busy: "the store is locked by another process"
        case .corrupt: "the store is damaged"
        case .readOnly: "the store cannot be written: its file or its file system can only be read"
        case .io(let code): "the store's disk failed: \(Database.words(of: code)) (SQLite code \(code))"
        case .disk(let number): "the store's disk failed: \(systemText(number))"
        case .closed: "the store is closed"
        case .overloaded: "too many operations wait for the store"
        case .admissionLost(let isFull):
            "the transaction that admitted this invocation was lost\(isFull ? ": the disk of the store is full" : "")"
        case .leaseLost: "the job was taken over by another worker"
        case .unexpected(let code, let statement):
            "SQLite code \(code) (\(Database.words(of: code))) from: \(statement)"
        }
    }
}
