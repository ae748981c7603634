public import Base

/// The shared state for one caller who does one thing after the other, as a replay does: it is at hand, and what is done is
/// kept when it is closed. The same decisions as `SharedState`'s.
public protocol SerialStore: Sendable {
    /// The last number of the store's order.
    func number() throws(StoreError) -> Int64

    /// As `SharedState.admit`.
    func admit(_ request: AdmissionRequest) throws(StoreError) -> AdmissionDecision

    /// A ticket for what was admitted before the copy was made: it takes no number.
    func ticket(for function: String) throws(StoreError) -> Ticket

    /// As `SharedState.commit`.
    func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) throws(StoreError) -> CommitDecision

    /// As `SharedState.release`.
    func release(_ ticket: Ticket)

    /// Leases the first `count` jobs of a group, ready or not; nil where it has none.
    func claim(queue: String, group: String, count: Int, until end: Timestamp) throws(StoreError) -> JobClaim?

    /// As `SharedState.giveBack`.
    func giveBack(_ claim: JobClaim, _ fate: JobReturn) throws(StoreError)

    /// As `SharedState.record`.
    func record(kind: String, id: String) throws(StoreError) -> Record?

    /// The last `count` entries of a stream as of `number`.
    func journal(stream: String, last count: Int, upTo number: Int64) throws(StoreError) -> JournalSlice

    /// As `SharedState.journalEntry`.
    func journalEntry(id: String) throws(StoreError) -> JournalEntry?

    /// Keeps everything, and closes it. Later calls fail as `closed`.
    func close() throws(StoreError)
}
