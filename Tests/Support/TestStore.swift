public import Ledger
public import SQLite

/// An open store for a test that needs one, whatever its engine. Only here is the engine named.
public final class TestStore: Sendable {
    /// The engine.
    public static let engine: any StoreEngine = SQLiteEngine()

    /// The store.
    public let state: any SharedState
    private let file: SQLiteState

    /// The store at a path, which is made where there is none.
    public init(_ path: String, limits: StoreLimits = StoreLimits()) throws {
        file = try SQLiteState(path: path, limits: limits)
        state = file
    }

    /// Closes the store, where nothing can be waited for: as the test ends.
    public func close() { file.close() }
}

extension Store {
    /// The store in a file.
    public static func file(_ path: String) throws -> Store { try Store(path, of: [TestStore.engine]) }
}
