internal import Functions

extension SeededRandom {
    /// A number below a bound; 0 for a bound of 0. The standard library's own draw may change between releases.
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(max(0, bound))).high)
    }

    /// An element; nil if there is none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[next(below: elements.count)]
    }

    /// The elements in another order (Fisher-Yates).
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, next(below: last + 1))
        }
        return elements
    }
}
