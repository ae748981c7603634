/// Who is to be looked at, and when: connections and links, most of which get a later deadline before the one they have
/// comes up. Such a one is found out when it is looked at, so that to move a deadline back costs nothing.
package struct DeadlineQueue {
    /// Names who is looked at.
    package typealias Key = UInt64

    package init() {}

    private struct Entry: Comparable {
        let deadline: Duration
        let order: UInt64
        let key: Key

        static func < (a: Entry, b: Entry) -> Bool {
            a.deadline == b.deadline ? a.order < b.order : a.deadline < b.deadline
        }
    }

    private var heap = Heap<Entry>()
    private var lastOrder: UInt64 = 0
    /// For each key the earliest look that is planned; an entry of another time is an old one.
    private var planned: [Key: Duration] = [:]

    /// Has `key` looked at by `deadline`, if that is not planned already.
    package mutating func plan(_ key: Key, by deadline: Duration) {
        if let before = planned[key], before <= deadline { return }
        planned[key] = deadline
        lastOrder &+= 1
        heap.insert(Entry(deadline: deadline, order: lastOrder, key: key))
    }

    package mutating func forget(_ key: Key) {
        guard planned.removeValue(forKey: key) != nil else { return }
        if heap.count > 64 + 2 * planned.count { heap.removeAll { planned[$0.key] != $0.deadline } }
    }

    /// When somebody is to be looked at next.
    package var next: Duration? {
        mutating get {
            while let first = heap.first, planned[first.key] != first.deadline { heap.removeFirst() }
            return heap.first?.deadline
        }
    }

    /// Takes one who is to be looked at by now; nothing is planned for it after that.
    package mutating func takeDue(_ now: Duration) -> Key? {
        guard let deadline = next, deadline <= now, let first = heap.removeFirst() else { return nil }
        planned[first.key] = nil
        return first.key
    }
}
