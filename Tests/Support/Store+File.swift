public import Ledger
internal import SQLite

extension Store {
    /// The store in a file.
    public static func file(_ path: String) throws -> Store { try Store(path, of: [SQLiteEngine()]) }
}
