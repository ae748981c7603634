package import Base
package import Ledger
package import Observability

/// What stands behind a `Context`: the shared state, other functions, and whatever else comes from outside.
///
/// One of it serves all runs of one invocation's function, and one run at a time.
package protocol ContextBackend: AnyObject, Sendable {
    // MARK: Reads

    /// As `SharedState.record`.
    func record(kind: String, id: String) async throws(StoreError) -> Record?
    /// As `SharedState.journal`.
    func journal(stream: String, last count: Int) async throws(StoreError) -> JournalSlice
    /// As `SharedState.journalEntry`.
    func journalEntry(id: String) async throws(StoreError) -> JournalEntry?
    /// Records as they were last decoded.
    var decoded: DecodedRecords { get }
    /// Looks at a record now and then, until it is as it should be or `patience` is over. No read of the unit of work's.
    func wait(
        forRecord kind: String, _ id: String, within patience: Duration,
        until isThere: (Record?) throws -> Bool
    ) async throws

    // MARK: Names and signatures

    /// A new id that nobody can guess; nil where there is nothing but the run's random numbers to make it of. Throws where
    /// none could be made.
    func secretIdentifier(_ prefix: String, at time: Timestamp) throws(Problem) -> String?
    /// A token for claims; nil where nothing is signed.
    func sign(_ claims: Claims, now: Timestamp) -> String?
    /// What stands for an address; nil where it has none, or nothing is signed.
    func addressMark(of address: String?) -> String?
    /// Names this process among those on the store.
    var process: String { get }

    // MARK: Outside

    /// Time that only goes forward.
    var uptime: Duration { get }
    /// A text that `source` begins, or that was had before under this name.
    func text(_ name: String, _ source: () -> AsyncThrowingStream<String, any Error>) -> OutsideText
    /// What another function answered to a call under this name; nil where that is not known, and may not be asked.
    func call(_ call: FunctionCall, as name: String) async throws -> OutsideText.Record?
    /// Calls another function, if any may be, and asks nothing of it.
    func conclude(_ call: FunctionCall) async

    // MARK: Listeners

    /// Whether anyone hears what is said.
    var hasAudience: Bool { get }
    /// Says something to all of them, unless an earlier run has said the same.
    func say(_ emit: Emit)
    /// Adds to a counter what no earlier run has added.
    func count(_ counter: Metrics.Counter, _ labels: [(String, String)], by amount: Int)
    /// Waits until nobody else is at what the keys name. Throws `RunAgain` where somebody was.
    func turn(at keys: [String]) async throws
    /// Gives the turn back before the end.
    func endTurn()
}

/// A call of one function by another.
package struct FunctionCall: Sendable {
    /// The handler's name.
    package let handler: String
    /// JSON text.
    package let data: [UInt8]
    /// Who asks.
    package let caller: Claims?
    /// The trace it belongs to.
    package let trace: TraceContext
}
