/// The recorded numbers of the store's order that a replay has got to, and its own number at each.
struct ReplayNumbers: Sendable {
    private var recorded: [Int64]
    private var own: [Int64]

    /// None yet but the snapshot's.
    init(from number: Int64 = 0) {
        recorded = [number]
        own = [number]
    }

    /// All up to `number` has been done, which is `own` here.
    mutating func note(_ number: Int64, own: Int64) {
        guard number > recorded.last ?? 0 else { return }
        recorded.append(number)
        self.own.append(own)
    }

    /// The replay's number for a recorded one.
    func own(_ number: Int64) -> Int64 {
        var low = 0
        var high = recorded.count
        while low < high {
            let middle = (low + high) / 2
            if recorded[middle] <= number { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : own[low - 1]
    }
}
