internal import Base
internal import Ledger
internal import Synchronization

/// One invocation's reads of the shared state, which are counted: what the store could not do then, it cannot do in a
/// replay.
final class StoreReads: Sendable {
    private struct Count {
        var number = 0
        var faults: [ReadFault] = []
    }

    private let state: any SharedState
    private let recorded: [ReadFault]
    private let count = Mutex(Count())

    init(of state: any SharedState, failing recorded: [ReadFault]) {
        self.state = state
        self.recorded = recorded
    }

    /// Those that failed, the first of them.
    var faults: [ReadFault] { count.withLock { $0.faults } }

    /// As `SharedState.record`.
    func record(kind: String, id: String) async throws(StoreError) -> Record? {
        try await counted { () async throws(StoreError) in try await state.record(kind: kind, id: id) }
    }

    /// As `SharedState.journal`.
    func journal(stream: String, last: Int) async throws(StoreError) -> JournalSlice {
        try await counted { () async throws(StoreError) in
            try await state.journal(stream: stream, last: last)
        }
    }

    /// As `SharedState.journalEntry`.
    func journalEntry(id: String) async throws(StoreError) -> JournalEntry? {
        try await counted { () async throws(StoreError) in try await state.journalEntry(id: id) }
    }

    private func counted<T>(_ read: () async throws(StoreError) -> T) async throws(StoreError) -> T {
        let number = count.withLock { count in
            count.number += 1
            return count.number
        }
        if let fault = recorded.first(where: { $0.read == number }) { throw fault.fault.error }
        do throws(StoreError) { return try await read() } catch {
            count.withLock { count in
                guard count.faults.count < ReadFault.limit else { return }
                count.faults.append(ReadFault(read: number, fault: StoreFault(error)))
            }
            throw error
        }
    }
}
