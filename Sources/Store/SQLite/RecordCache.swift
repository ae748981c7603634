internal import Base
internal import Ledger
internal import Synchronization

/// Names a record.
struct RecordName: Hashable {
    let kind: String
    let id: String
}

/// Records as they were last read. A transaction that saves one has it forgotten, before anybody is told of its commit;
/// what other processes saved is noticed at the beginning of a transaction.
///
/// So what an invocation reads is never older than its admission, which is in a transaction. It may be older than its
/// unit of work, as without this cache: a unit names the versions that it read, and conflicts where they are not the
/// last any more. What has conflicted is read anew.
final class RecordCache: Sendable {
    /// Longer bodies, in bytes, are not kept.
    private static let maximumBody = 2_048

    private struct State {
        var records = BoundedCache<RecordName, Record?>(capacity: 8_192)
        /// Counts what was forgotten: a record that was being read at the time is not kept.
        var changes = 0
    }

    private let state = Mutex(State())

    /// The record, nil where there is none: as it was last read, or else as `read` has it.
    func record(
        _ name: RecordName, orRead read: () throws(StoreError) -> Record?
    ) throws(StoreError) -> Record? {
        let (known, changes) = state.withLock { ($0.records[name], $0.changes) }
        if let known { return known }
        let record = try read()
        guard (record?.body.utf8.count ?? 0) <= Self.maximumBody else { return record }
        state.withLock { state in
            guard state.changes == changes else { return }
            state.records.keep(record, for: name)
        }
        return record
    }

    func forget(_ names: [RecordName]) {
        guard !names.isEmpty else { return }
        state.withLock { state in
            state.changes += 1
            for name in names { state.records.forget(name) }
        }
    }

    func forgetAll() {
        state.withLock { state in
            state.changes += 1
            state.records.forgetAll()
        }
    }
}
