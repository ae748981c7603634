import Base
import Ledger
import SQLite
import TestSupport

/// A store in a folder of its own.
struct Fixture {
    let directory: TemporaryDirectory
    let state: SQLiteState
    var path: String { directory.file("store.db") }

    init(limits: StoreLimits = StoreLimits()) throws {
        directory = try TemporaryDirectory()
        state = try SQLiteState(path: directory.file("store.db"), limits: limits)
    }

    /// A second process's view, as far as the store can tell.
    func another(limits: StoreLimits = StoreLimits()) throws -> SQLiteState {
        try SQLiteState(path: path, limits: limits)
    }
}
