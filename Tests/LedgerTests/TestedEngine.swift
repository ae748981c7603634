import Ledger
import SQLite
import TestSupport
import Testing

/// The engines that this suite is run against. It is what an engine must do: whoever brings one adds a line here, and
/// nothing else of these tests names any.
let engines = [
    TestedEngine(name: "SQLite", engine: SQLiteEngine()) { $0.file("store.db") }
]

/// An engine, and how its new stores are named.
struct TestedEngine: Sendable, CustomTestStringConvertible {
    let name: String
    let engine: any StoreEngine
    /// A name for a new store; what belongs to it may lie in a folder of its own.
    let newStore: @Sendable (TemporaryDirectory) -> String

    var testDescription: String { name }
}

/// A new store of an engine, opened once, or several times as by several processes.
struct Fixture {
    let state: any SharedState
    let store: Store
    let directory: TemporaryDirectory

    init(_ tested: TestedEngine) throws {
        directory = try TemporaryDirectory()
        store = try Store(tested.newStore(directory), of: [tested.engine])
        state = try store.open()
    }

    /// Another process's view, as far as a store can tell.
    func another() throws -> any SharedState { try store.open() }
}
