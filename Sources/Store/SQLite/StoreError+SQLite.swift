package import Base
package import Ledger

/// What SQLite and its files come to as faults of the store.
extension StoreError {
    /// The file could not be opened or made; `reason` is SQLite's or the system's own text.
    package static func cannotOpen(path: String, reason: String) -> StoreError {
        .unusable(.unavailable, reason: "cannot open the store \(path): \(reason)")
    }

    /// The file is an SQLite database of another application, or no database at all.
    package static func notAStore(path: String) -> StoreError {
        .unusable(.foreign, reason: "\(path) is not a store of this application")
    }

    /// The file was written by a newer version of this software.
    package static func newerSchema(path: String, found: Int, supported: Int) -> StoreError {
        .unusable(
            .newer,
            reason:
                "the store \(path) has schema version \(found); this version of the software knows up to \(supported): use a newer one"
        )
    }

    /// There is a write-ahead log, but its store is missing or empty.
    package static func logWithoutStore(path: String) -> StoreError {
        .unusable(
            .incomplete,
            reason:
                "the store \(path) is missing or empty, but its log \(path)-wal is there, with commits that are nowhere else: put the store's file back, or restore a backup"
        )
    }

    /// The write-ahead log beside the store is another store's, or another copy's.
    package static func foreignLog(path: String) -> StoreError {
        .unusable(
            .incomplete,
            reason:
                "the log \(path)-wal is not that of the store \(path), but another store's or another copy's: put the right file back, or restore a backup, which removes the log"
        )
    }

    /// A thread or a descriptor could not be had.
    package static func system(_ error: SystemError) -> StoreError {
        .unusable(.unavailable, reason: "cannot open the store: \(error)")
    }

    /// What `make` makes; the system's refusal as the store's.
    static func mapped<T>(_ make: () throws(SystemError) -> T) throws(StoreError) -> T {
        do { return try make() } catch { throw .system(error) }
    }

    /// A file of the open store was deleted, or another one is in its place.
    package static func replaced(path: String) -> StoreError {
        .gone(
            reason:
                "the store's file \(path) was deleted or replaced while it was open: what was answered last may be lost; start again"
        )
    }

    /// SQLite reported an input/output error; its extended result code.
    package static func io(code: Int32) -> StoreError {
        .failed(code: code, reason: "\(Database.words(of: code)) (SQLite code \(code))")
    }

    /// The disk did not take what was to be on it; the system's error number.
    package static func disk(errno number: Int32) -> StoreError {
        .failed(code: number, reason: SystemError.words(number))
    }
}
