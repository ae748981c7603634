/// Places of which there is a limited number, and who holds them: a client's address may hold so many that others always
/// find some.
///
/// An address may hold at most `share` times as many as are free (the dynamic thresholds of Choudhury and Hahne, "Dynamic
/// Queue Length Thresholds for Shared-Memory Packet Switches", 1998). One alone gets nearly all that way, and each that
/// comes to it gets as much; no number has to be found that suits a crowd behind one proxy and does not suit an attacker.
struct SharedPlaces: Sendable {
    /// Who came when: an id that left and came back has another number.
    private struct Arrival {
        let id: UInt64
        let number: UInt64
    }

    /// Arrivals in their order; those that have left are passed over.
    private struct Line {
        private var arrivals: [Arrival] = []
        private var first = 0
        private(set) var count = 0

        mutating func add(_ arrival: Arrival) {
            arrivals.append(arrival)
            count += 1
        }

        mutating func left(_ isThere: (Arrival) -> Bool) {
            count -= 1
            guard arrivals.count - first > 2 * count + 16 else { return }
            arrivals = arrivals[first...].filter(isThere)
            first = 0
        }

        mutating func oldest(_ isThere: (Arrival) -> Bool) -> UInt64? {
            while first < arrivals.count {
                if isThere(arrivals[first]) { return arrivals[first].id }
                first += 1
            }
            return nil
        }
    }

    private var lines: [String: Line] = [:]
    private var all = Line()
    private var holders: [UInt64: (address: String, number: UInt64)] = [:]
    private var lastNumber: UInt64 = 0
    private let share: Int

    /// An address may hold `share` places for each one that is free.
    init(share: Int) { self.share = max(1, share) }

    /// How many are held.
    var count: Int { holders.count }

    /// How many an address holds.
    func count(of address: String) -> Int { lines[address]?.count ?? 0 }

    /// Whether an address may hold one more while `free` are free.
    func admits(_ address: String, free: Int) -> Bool { free > 0 && count(of: address) / share < free }

    /// `id` holds a place from now on.
    mutating func take(_ id: UInt64, by address: String) {
        guard holders[id] == nil else { return }
        lastNumber += 1
        holders[id] = (address, lastNumber)
        let arrival = Arrival(id: id, number: lastNumber)
        lines[address, default: Line()].add(arrival)
        all.add(arrival)
    }

    /// `id` holds its place no longer.
    mutating func leave(_ id: UInt64) {
        guard let (address, _) = holders.removeValue(forKey: id) else { return }
        let isThere = { [holders] (arrival: Arrival) in holders[arrival.id]?.number == arrival.number }
        lines[address]?.left(isThere)
        if lines[address]?.count == 0 { lines[address] = nil }
        all.left(isThere)
    }

    /// Who has held a place for the longest time: of an address, or of all.
    mutating func oldest(of address: String? = nil) -> UInt64? {
        let isThere = { [holders] (arrival: Arrival) in holders[arrival.id]?.number == arrival.number }
        if let address { return lines[address]?.oldest(isThere) }
        return all.oldest(isThere)
    }
}
