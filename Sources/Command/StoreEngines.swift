internal import Ledger
internal import SQLite

/// The engines that this program has for its stores.
enum StoreEngines {
    static let all: [any StoreEngine] = [SQLiteEngine()]

    /// The store of a name, as an option or the manifest has it.
    static func store(_ name: String) throws(StoreError) -> Store { try Store(name, of: all) }

    /// What opens recordings' copies of stores.
    static let ofRecordings: any StoreEngine = SQLiteEngine()
}
