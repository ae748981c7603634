internal import Runtime

/// Timers by deadline: a binary heap, from which cancelled ones are dropped when they come up or become the majority.
struct TimerQueue {
    private struct Entry {
        let deadline: ContinuousClock.Instant
        let id: UInt64

        /// Of timers for the same moment, the one that was added first.
        static func < (a: Entry, b: Entry) -> Bool {
            a.deadline == b.deadline ? a.id < b.id : a.deadline < b.deadline
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: @Sendable () -> Void] = [:]
    private var lastID: UInt64 = 0

    var isEmpty: Bool { actions.isEmpty }

    mutating func add(_ deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void)
        -> TimerID
    {
        lastID += 1
        actions[lastID] = action
        heap.append(Entry(deadline: deadline, id: lastID))
        siftUp(heap.count - 1)
        return TimerID(value: lastID)
    }

    mutating func remove(_ timer: TimerID) {
        guard actions.removeValue(forKey: timer.value) != nil else { return }
        if heap.count > 64 + 2 * actions.count {
            heap.removeAll { actions[$0.id] == nil }
            // A sorted array is a heap.
            heap.sort(by: <)
        }
    }

    /// The earliest deadline of a timer that still counts.
    var nextDeadline: ContinuousClock.Instant? {
        mutating get {
            while let first = heap.first, actions[first.id] == nil { removeFirst() }
            return heap.first?.deadline
        }
    }

    /// Takes the action of a timer whose time has come.
    mutating func takeDue(_ now: ContinuousClock.Instant) -> (@Sendable () -> Void)? {
        guard let deadline = nextDeadline, deadline <= now, let first = heap.first else { return nil }
        removeFirst()
        return actions.removeValue(forKey: first.id)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] < heap[least] { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
