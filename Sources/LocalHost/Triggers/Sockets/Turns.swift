/// Lines in which one waits for one's turn: by name, so many at once, the others in the order in which they came.
///
/// `Waiter` is whatever wakes the one who waits; who has had a turn gives it back, and wakes the one that gets it.
struct Turns<Waiter> {
    private struct Line {
        let places: Int
        var taken = 0
        var waiting: [Waiter] = []
        /// The first of `waiting` that still waits.
        var first = 0
    }

    private var lines: [String: Line] = [:]
    /// How many wait in all lines.
    private(set) var waiting = 0

    func isTaken(_ name: String) -> Bool { lines[name] != nil }

    /// Takes a place in a line of so many, if one is free and nobody waits for it.
    mutating func take(_ name: String, of places: Int = 1) -> Bool {
        let taken = lines[name]?.taken ?? 0
        guard taken < places else { return false }
        lines[name, default: Line(places: places)].taken += 1
        return true
    }

    /// Waits in a line in which there was no place.
    mutating func wait(_ name: String, _ waiter: Waiter) {
        guard lines[name] != nil else { return }
        lines[name]?.waiting.append(waiter)
        waiting += 1
    }

    /// Gives a place back: to the one it returns, where somebody waits.
    mutating func leave(_ name: String) -> Waiter? {
        guard let line = lines[name] else { return nil }
        guard line.first < line.waiting.count else {
            if line.taken > 1 { lines[name]?.taken -= 1 } else { lines[name] = nil }
            return nil
        }
        let waiter = line.waiting[line.first]
        waiting -= 1
        lines[name]?.first += 1
        if line.first >= 64, line.first * 2 >= line.waiting.count {
            lines[name]?.waiting.removeSubrange(...line.first)
            lines[name]?.first = 0
        }
        return waiter
    }
}
