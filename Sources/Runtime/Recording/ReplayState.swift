internal import Base
internal import Engine
internal import Ledger
internal import Synchronization

/// The shared state of a replay: each invocation is admitted, and committed, at its place in the recorded order.
///
/// The replayer says whose turn it is (`begin`) before it lets that invocation go on; an invocation whose commit is not
/// next waits inside `admit` (`Turn.isParked`), so that its function runs on the state that it committed upon.
final class ReplayState: SharedState {
    /// One invocation's part.
    final class Turn: Sendable {
        let recorded: RecordedInvocation
        /// Its commit comes later than its admission: the function waits for it.
        let waits: Bool
        fileprivate let state: Mutex<State>

        fileprivate struct State {
            /// Reads of journals that are still to come.
            var journals: [(stream: String, upTo: Int64)]
            var claim: JobClaim?
            var parked: CheckedContinuation<Void, Never>?
            var hasEnded = false
            /// The numbers that this replay gave: the replay's own.
            var admission: Int64?
            var commit: Int64?
        }

        init(_ recorded: RecordedInvocation, waits: Bool, claim: JobClaim? = nil) {
            self.recorded = recorded
            self.waits = waits
            state = Mutex(State(journals: recorded.journalReads(), claim: claim))
        }

        /// The jobs that are leased to it in this replay.
        var claim: JobClaim? { state.withLock { $0.claim } }
        var hasEnded: Bool { state.withLock { $0.hasEnded } }

        func end() { state.withLock { $0.hasEnded = true } }

        var admission: Int64? { state.withLock { $0.admission } }
        var commit: Int64? { state.withLock { $0.commit } }
        var isParked: Bool { state.withLock { $0.parked != nil } }

        /// Lets it go on.
        func resume() {
            let parked = state.withLock { state in
                defer { state.parked = nil }
                return state.parked
            }
            parked?.resume()
        }
    }

    private struct Shared {
        var turn: Turn?
        var numbers: ReplayNumbers
        /// Other commands' writes that have begun.
        var writes: [Int: Ticket] = [:]
        /// The last claim of each group.
        var claims: [String: JobClaim] = [:]
    }

    private let store: any SerialStore
    private let shared: Mutex<Shared>
    /// Whether reads tell the replay's own numbers, for a recording that is written anew.
    private let renumbers: Bool
    /// Called when an invocation waits for its turn.
    private let onPark: @Sendable () -> Void

    init(
        _ store: any SerialStore, from number: Int64, renumbers: Bool, onPark: @escaping @Sendable () -> Void
    ) {
        self.onPark = onPark
        self.store = store
        self.renumbers = renumbers
        shared = Mutex(Shared(numbers: ReplayNumbers(from: number)))
    }

    /// The next operations are this invocation's.
    func begin(_ turn: Turn?) { shared.withLock { $0.turn = turn } }

    /// All up to `recorded` has been done.
    func reached(_ recorded: Int64) throws(StoreError) {
        let own = try store.number()
        shared.withLock { $0.numbers.note(recorded, own: own) }
    }

    /// The numbers that this replay has given so far.
    var numbers: ReplayNumbers { shared.withLock { $0.numbers } }

    /// Another command's writes are admitted, or refused; the replay's number of that.
    func begin(_ write: RecordedWrite, _ index: Int) throws(StoreError) -> Int64 {
        let request = AdmissionRequest(
            function: write.by, now: write.at, session: write.session, rates: [], concurrency: .max)
        let decision = try store.admit(request)
        if case .admitted(let ticket, _) = decision { shared.withLock { $0.writes[index] = ticket } }
        return decision.number
    }

    /// They are committed; the replay's number of that. Nil where they were not admitted.
    func end(_ write: RecordedWrite, _ index: Int) throws(StoreError) -> Int64? {
        guard let ticket = shared.withLock({ $0.writes.removeValue(forKey: index) }) else { return nil }
        let unit = UnitOfWork(writes: write.writes)
        guard
            case .committed(let number) = try store.commit(
                unit, at: write.at, ticket: ticket, completing: nil)
        else { return nil }
        return number
    }

    /// The jobs that an invocation did are leased to it.
    func claim(_ turn: Turn, until end: Timestamp) throws(StoreError) {
        guard let claim = turn.recorded.taken.claim else { return }
        let own = try self.claim(claim, until: end)
        turn.state.withLock { $0.claim = own }
    }

    /// Leases the first jobs of a group, as many as were claimed.
    @discardableResult
    func claim(_ claim: ClaimedJobs, until end: Timestamp) throws(StoreError) -> JobClaim? {
        let own = try store.claim(queue: claim.queue, group: claim.group, count: claim.count, until: end)
        if let own { shared.withLock { $0.claims[claim.queue + "\n" + claim.group] = own } }
        return own
    }

    /// Gives back what was last claimed of a group; that claim.
    func giveBack(queue: String, group: String, _ fate: JobReturn) throws(StoreError) -> JobClaim? {
        let claim = shared.withLock { $0.claims.removeValue(forKey: queue + "\n" + group) }
        if let claim { try store.giveBack(claim, fate) }
        return claim
    }

    private var turn: Turn? { shared.withLock { $0.turn } }

    /// The replay's number for a recorded one.
    private func own(_ recorded: Int64) -> Int64 { shared.withLock { $0.numbers.own(recorded) } }

    // MARK: SharedState

    func admit(_ request: AdmissionRequest) async throws(StoreError) -> AdmissionDecision {
        guard let turn else { throw .closed }
        if let fault = turn.recorded.taken.fault, turn.recorded.admission == nil { throw fault.error }
        if turn.recorded.wasAdmittedBefore {
            return .admitted(try store.ticket(for: request.function), nil)
        }
        let decision = try store.admit(request)
        turn.state.withLock { $0.admission = decision.number }
        if turn.waits, case .admitted = decision {
            await withCheckedContinuation { continuation in
                turn.state.withLock { $0.parked = continuation }
                onPark()
            }
        }
        return decision
    }

    func commit(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) async throws(StoreError) -> CommitDecision {
        guard let turn else { throw .closed }
        if let fault = turn.recorded.taken.fault { throw fault.error }
        let own = turn.state.withLock { $0.claim }
        let decision: CommitDecision
        do throws(StoreError) {
            decision = try store.commit(unit, at: now, ticket: ticket, completing: claim == nil ? nil : own)
        } catch .leaseLost {
            // The jobs came from an invocation that does something else now.
            decision = try store.commit(unit, at: now, ticket: ticket, completing: nil)
        }
        switch decision {
        case .committed(let number), .answered(_, let number): turn.state.withLock { $0.commit = number }
        case .conflict: break
        }
        return decision
    }

    // What was lost has no admission in the recording, and does not come so far.
    func isLost(_ ticket: Ticket) -> Bool { false }

    func release(_ ticket: Ticket) { store.release(ticket) }

    func record(kind: String, id: String) throws(StoreError) -> Record? {
        try store.record(kind: kind, id: id)
    }

    func journal(stream: String, last count: Int) throws(StoreError) -> JournalSlice {
        guard let turn else { throw .closed }
        let recorded = turn.state.withLock { state -> Int64? in
            guard let index = state.journals.firstIndex(where: { $0.stream == stream }) else { return nil }
            return state.journals.remove(at: index).upTo
        }
        // A read that the recorded run did not make sees all there is.
        let upTo = if let recorded { own(recorded) } else { try store.number() }
        let slice = try store.journal(stream: stream, last: count, upTo: upTo)
        return JournalSlice(
            entries: slice.entries, upTo: renumbers || recorded == nil ? upTo : recorded ?? upTo)
    }

    func journalEntry(id: String) throws(StoreError) -> JournalEntry? {
        try store.journalEntry(id: id)
    }

    // What only hosts ask for.

    func claimJobs(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) async throws(StoreError) -> [JobClaim] { [] }

    func giveBack(
        _ claim: JobClaim, _ fate: JobReturn, at now: Timestamp
    ) async throws(StoreError) -> Int64 { 0 }
    func nextJob(queue: String) throws(StoreError) -> Timestamp? { nil }
    func queueDepths() throws(StoreError) -> [QueueDepth] { [] }
    func heartbeat(host: String, now: Timestamp, expiresAt: Timestamp) async throws(StoreError) -> Bool {
        true
    }
    func mark(_ connections: [String], of host: String, lostAt: Timestamp?) async throws(StoreError) {}
    func retire(host: String, now: Timestamp) async throws(StoreError) {}
    func trim(
        now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp
    ) async throws(StoreError) {}
    func connection(id: String) throws(StoreError) -> StoredConnection? { nil }
    func connections(of host: String, after id: String, limit: Int) throws(StoreError)
        -> [StoredConnection]
    { [] }
    func missed(
        connection: String, after start: Int64, through end: Int64, scanning: Int
    ) throws(StoreError) -> Missed { Missed(effects: [], through: end) }
    func isSessionLive(id: String, of subject: String, now: Timestamp) throws(StoreError) -> Bool { true }
    func check() throws(StoreError) {}
    func follow(_ observer: @escaping @Sendable (Committed) -> Void) {}
    func catchUp() {}
    func close() { try? store.close() }
}
