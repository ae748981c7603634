internal import Synchronization

/// Invocations under way in this process, by function.
///
/// Apart from every transaction, because an invocation ends where its answer is known: neither a transaction that
/// is lost nor a writer that takes no more work may keep a place occupied for ever.
final class InFlight: Sendable {
    private struct Counts {
        var byFunction: [String: Int] = [:]
        var total = 0
    }

    private let counts = Mutex(Counts())

    /// How many there are of all functions.
    var total: Int { counts.withLock { $0.total } }

    /// Takes a place, if fewer than `limit` are taken.
    func begin(_ function: String, limit: Int) -> Bool {
        counts.withLock { counts in
            let count = counts.byFunction[function] ?? 0
            guard count < limit else { return false }
            counts.byFunction[function] = count + 1
            counts.total += 1
            return true
        }
    }

    /// Gives a place back.
    func end(_ function: String) {
        counts.withLock { counts in
            guard let count = counts.byFunction[function] else { return }
            counts.byFunction[function] = count > 1 ? count - 1 : nil
            counts.total -= 1
        }
    }
}
