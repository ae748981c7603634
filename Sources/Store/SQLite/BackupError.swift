public import Ledger

/// Why a backup could not be made, or not be restored.
public enum BackupError: Error, Sendable, Equatable {
    /// There is a file of that name.
    case exists(path: String)
    /// There is a store, or what is left of one, where one is to be restored.
    case storeExists(path: String)
    /// Somebody has the store open.
    case inUse(path: String)
    /// There is no store, or an empty file.
    case missing(path: String)
    /// A store is to be restored from itself.
    case sameFile(path: String)
    /// The backup is not whole.
    case damaged(path: String)
    /// It was asked to stop; nothing was changed.
    case stopped
    /// The system's own words.
    case system(path: String, reason: String)
    /// The store or the backup could not be read, or the copy not be written.
    case store(StoreError)
}

extension BackupError: CustomStringConvertible {
    /// One line for a terminal.
    public var description: String {
        switch self {
        case .exists(let path): "\(path) is there already"
        case .storeExists(let path): "there is a store at \(path), or its log: --replace takes its place"
        case .inUse(let path): "the store \(path) is in use: stop the host first"
        case .missing(let path): "there is no store at \(path)"
        case .sameFile(let path): "\(path) is the store itself"
        case .damaged(let path): "\(path) is damaged; nothing was changed"
        case .stopped: "stopped; nothing was changed"
        case .system(let path, let reason): "\(path): \(reason)"
        case .store(let error): error.description
        }
    }
}
