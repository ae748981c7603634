import Base
import Ledger
import Synchronization

/// A store that cannot do one thing, when a test says so: at the admission, a read, or the commit; or at the commit, and
/// the transaction that is lost by that is the admission's, too.
final class FaultyState: SharedState {
    enum Place: Equatable, CaseIterable { case admission, read, commit, transaction }

    private let place = Mutex<(any SharedState)?>(nil)
    private let next = Mutex<(place: Place, error: StoreError)?>(nil)

    /// The store that does everything else.
    func stand(before store: any SharedState) { place.withLock { $0 = store } }

    private var store: any SharedState {
        get throws(StoreError) {
            guard let store = place.withLock({ $0 }) else { throw .closed }
            return store
        }
    }

    /// The next operation of that kind fails.
    func fail(at place: Place, with error: StoreError) { next.withLock { $0 = (place, error) } }

    private func meet(_ place: Place) throws(StoreError) {
        let error: StoreError? = next.withLock { next in
            guard next?.place == place else { return nil }
            defer { next = nil }
            return next?.error
        }
        if let error { throw error }
    }

    func admit(_ request: AdmissionRequest) async throws(StoreError) -> AdmissionDecision {
        try meet(.admission)
        // An admission that is to be lost takes no number that lasts.
        if next.withLock({ $0?.place == .transaction }) {
            return .admitted(
                Ticket(number: .max, id: .max), nil)
        }
        return try await store.admit(request)
    }

    func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) async throws(StoreError) -> CommitDecision {
        try meet(.commit)
        try meet(.transaction)
        return try await store.commit(unit, at: now, ticket: ticket, completing: claim)
    }

    func isLost(_ ticket: Ticket) -> Bool { ticket.id == .max }

    func release(_ ticket: Ticket) { if ticket.number != .max { try? store.release(ticket) } }

    func record(kind: String, id: String) async throws(StoreError) -> Record? {
        try meet(.read)
        return try await store.record(kind: kind, id: id)
    }

    func journal(stream: String, last count: Int) async throws(StoreError) -> JournalSlice {
        try meet(.read)
        return try await store.journal(stream: stream, last: count)
    }

    func journalEntry(id: String) async throws(StoreError) -> JournalEntry? {
        try meet(.read)
        return try await store.journalEntry(id: id)
    }

    // What nothing here asks for.

    func claimJobs(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) async throws(StoreError) -> [JobClaim] { [] }
    func giveBack(_ claim: JobClaim, _ fate: JobReturn, at now: Timestamp) async throws(StoreError) -> Int64 {
        0
    }
    func nextJob(queue: String) throws(StoreError) -> Timestamp? { nil }
    func queueDepths() throws(StoreError) -> [QueueDepth] { [] }
    func connection(id: String) throws(StoreError) -> StoredConnection? { nil }
    func connections(of host: String, after id: String, limit: Int) throws(StoreError) -> [StoredConnection] {
        []
    }
    func mark(_ connections: [String], of host: String, lostAt: Timestamp?) async throws(StoreError) {}
    func missed(connection: String, after start: Int64, through end: Int64, scanning: Int)
        throws(StoreError) -> Missed
    { Missed(effects: [], through: end) }
    func isSessionLive(id: String, of subject: String, now: Timestamp) throws(StoreError) -> Bool { true }
    func heartbeat(host: String, now: Timestamp, expiresAt: Timestamp) async throws(StoreError) -> Bool {
        true
    }
    func retire(host: String, now: Timestamp) async throws(StoreError) {}
    func trim(now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp)
        async throws(StoreError)
    {}
    func follow(_ observer: @escaping @Sendable (Committed) -> Void) {}
    func catchUp() {}
    func check() throws(StoreError) {}
    func close() {}
}
