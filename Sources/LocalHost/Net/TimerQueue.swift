internal import Base

/// Timers by deadline, from which cancelled ones are dropped when they come up or become the majority.
struct TimerQueue {
    private struct Entry: Comparable {
        let deadline: ContinuousClock.Instant
        let id: UInt64

        /// Of timers for the same moment, the one that was added first.
        static func < (a: Entry, b: Entry) -> Bool {
            a.deadline == b.deadline ? a.id < b.id : a.deadline < b.deadline
        }
    }

    private var heap = Heap<Entry>()
    private var actions: [UInt64: @Sendable () -> Void] = [:]
    private var lastID: UInt64 = 0

    var isEmpty: Bool { actions.isEmpty }

    mutating func add(_ deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void)
        -> TimerID
    {
        lastID += 1
        actions[lastID] = action
        heap.insert(Entry(deadline: deadline, id: lastID))
        return TimerID(value: lastID)
    }

    mutating func remove(_ timer: TimerID) {
        guard actions.removeValue(forKey: timer.value) != nil else { return }
        if heap.count > 64 + 2 * actions.count { heap.removeAll { actions[$0.id] == nil } }
    }

    /// The earliest deadline of a timer that still counts.
    var nextDeadline: ContinuousClock.Instant? {
        mutating get {
            while let first = heap.first, actions[first.id] == nil { heap.removeFirst() }
            return heap.first?.deadline
        }
    }

    /// Takes the action of a timer whose time has come.
    mutating func takeDue(_ now: ContinuousClock.Instant) -> (@Sendable () -> Void)? {
        guard let deadline = nextDeadline, deadline <= now, let first = heap.removeFirst() else { return nil }
        return actions.removeValue(forKey: first.id)
    }
}
