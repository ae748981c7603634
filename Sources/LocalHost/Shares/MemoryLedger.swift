/// What waits in memory for all clients together: each says what its own comes to whenever that has changed.
///
/// Each client has a limit of its own, and thousands of them at their limits are too much: beyond `limit` the largest one
/// has to go, until the rest is within it.
struct MemoryLedger: Sendable {
    let limit: Int
    private(set) var total = 0
    /// The most that has waited since `calm` was asked last and said yes.
    private(set) var peak = 0
    private var held: [UInt64: Int] = [:]

    init(limit: Int) { self.limit = limit }

    var isExceeded: Bool { total > limit }

    /// What `id` holds.
    func held(by id: UInt64) -> Int { held[id] ?? 0 }

    /// What `id` holds from now on. Small amounts are not worth a note: `least` and less is none.
    mutating func note(_ id: UInt64, _ bytes: Int, least: Int = 0) {
        let bytes = bytes <= least ? 0 : bytes
        let before = bytes == 0 ? held.removeValue(forKey: id) ?? 0 : held.updateValue(bytes, forKey: id) ?? 0
        total += bytes - before
        peak = max(peak, total)
    }

    /// Whose is the largest part.
    var largest: UInt64? { held.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key }

    /// Whether a peak of at least `bytes` is over; once for each.
    mutating func isOver(peakOf bytes: Int) -> Bool {
        guard peak >= bytes, total <= peak / 4 else { return false }
        peak = total
        return true
    }
}
