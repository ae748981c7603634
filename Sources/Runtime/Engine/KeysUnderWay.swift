internal import Synchronization

/// Who asks for what is just being done, within this process: the second waits for the first.
///
/// What is done once is the store's to decide (`CommitDecision.answered`); this spares running a function for nothing.
package final class KeysUnderWay: Sendable {
    /// How many may wait for one key.
    static let waiters = 64

    private let keys = Mutex<[String: [CheckedContinuation<Turn, Never>]]>([:])

    package enum Turn {
        /// It is this one's to do, and to `leave`.
        case own
        /// It was done.
        case done
        /// Too many wait.
        case refused
    }

    /// Waits until nobody else is at it.
    func enter(_ key: String) async -> Turn {
        await withCheckedContinuation { continuation in
            let turn: Turn? = keys.withLock { keys in
                guard let waiting = keys[key] else {
                    keys[key] = []
                    return .own
                }
                guard waiting.count < Self.waiters else { return .refused }
                keys[key, default: []].append(continuation)
                return nil
            }
            if let turn { continuation.resume(returning: turn) }
        }
    }

    /// Ends a turn. If it `isDone` all go on; otherwise it is the next one's turn.
    func leave(_ key: String, isDone: Bool) {
        let waiting = keys.withLock { keys in
            guard var waiting = keys[key] else { return [CheckedContinuation<Turn, Never>]() }
            guard !isDone, !waiting.isEmpty else {
                keys[key] = nil
                return waiting
            }
            let next = waiting.removeFirst()
            keys[key] = waiting
            return [next]
        }
        for continuation in waiting { continuation.resume(returning: isDone ? .done : .own) }
    }
}
