/// Which elements of two arrays belong together.
enum ArrayAlignment {
    enum Step: Equatable {
        /// The elements at these indexes are the same, or to be compared further.
        case pair(Int, Int)
        /// Only the first array has this one.
        case removed(Int)
        /// Only the second array has this one.
        case added(Int)
    }

    /// The most cells of a table of common subsequences; larger arrays are paired by index.
    static let cellLimit = 1_000_000
    /// The most cells of a table of likenesses, each of which costs a look at both values.
    static let likenessCellLimit = 4_096

    /// Every index of both arrays once, in order.
    static func steps(_ a: [JSONValues.Node], _ b: [JSONValues.Node]) -> [Step] {
        let shorter = min(a.count, b.count)
        var start = 0
        while start < shorter, a[start].id == b[start].id { start += 1 }
        var tail = 0
        while tail < shorter - start, a[a.count - 1 - tail].id == b[b.count - 1 - tail].id { tail += 1 }
        let (endA, endB) = (a.count - tail, b.count - tail)

        var steps = (0..<start).map { Step.pair($0, $0) }
        var (i, j) = (start, start)
        for (commonA, commonB) in common(a, start..<endA, b, start..<endB) {
            appendGap(a, i..<commonA, b, j..<commonB, to: &steps)
            steps.append(.pair(commonA, commonB))
            (i, j) = (commonA + 1, commonB + 1)
        }
        appendGap(a, i..<endA, b, j..<endB, to: &steps)
        for offset in 0..<tail { steps.append(.pair(endA + offset, endB + offset)) }
        return steps
    }

    /// A longest common subsequence; empty where the table would be too large.
    private static func common(
        _ a: [JSONValues.Node], _ rangeA: Range<Int>, _ b: [JSONValues.Node], _ rangeB: Range<Int>
    ) -> [(Int, Int)] {
        let (rows, columns) = (rangeA.count, rangeB.count)
        guard rows > 0, columns > 0, rows <= cellLimit / columns else { return [] }
        let width = columns + 1
        // lengths[i * width + j] is that of what starts at i and j. The shorter side has at most 1,000 elements.
        var lengths = [UInt16](repeating: 0, count: (rows + 1) * width)
        for i in (0..<rows).reversed() {
            let id = a[rangeA.lowerBound + i].id
            for j in (0..<columns).reversed() {
                lengths[i * width + j] =
                    id == b[rangeB.lowerBound + j].id
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var pairs: [(Int, Int)] = []
        var (i, j) = (0, 0)
        while i < rows, j < columns {
            if a[rangeA.lowerBound + i].id == b[rangeB.lowerBound + j].id {
                pairs.append((rangeA.lowerBound + i, rangeB.lowerBound + j))
                (i, j) = (i + 1, j + 1)
            } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                i += 1
            } else {
                j += 1
            }
        }
        return pairs
    }

    /// What stands between two common elements: pairs as like as can be, so that an element that changed and one that
    /// was inserted beside it are told apart.
    private static func appendGap(
        _ a: [JSONValues.Node], _ rangeA: Range<Int>, _ b: [JSONValues.Node], _ rangeB: Range<Int>,
        to steps: inout [Step]
    ) {
        let (rows, columns) = (rangeA.count, rangeB.count)
        var (i, j) = (rangeA.lowerBound, rangeB.lowerBound)
        if rows > 0, columns > 0, rows * columns > 1, rows <= likenessCellLimit / columns {
            let width = columns + 1
            var likeness = [Int](repeating: 0, count: rows * columns)
            var best = [Int](repeating: 0, count: (rows + 1) * width)
            for row in (0..<rows).reversed() {
                for column in (0..<columns).reversed() {
                    let value = a[rangeA.lowerBound + row].likeness(to: b[rangeB.lowerBound + column])
                    likeness[row * columns + column] = value
                    best[row * width + column] = max(
                        value + best[(row + 1) * width + column + 1],
                        best[(row + 1) * width + column], best[row * width + column + 1])
                }
            }
            while i < rangeA.upperBound, j < rangeB.upperBound {
                let (row, column) = (i - rangeA.lowerBound, j - rangeB.lowerBound)
                let here = best[row * width + column]
                if here == likeness[row * columns + column] + best[(row + 1) * width + column + 1] {
                    steps.append(.pair(i, j))
                    (i, j) = (i + 1, j + 1)
                } else if here == best[(row + 1) * width + column] {
                    steps.append(.removed(i))
                    i += 1
                } else {
                    steps.append(.added(j))
                    j += 1
                }
            }
        }
        while i < rangeA.upperBound, j < rangeB.upperBound {
            steps.append(.pair(i, j))
            (i, j) = (i + 1, j + 1)
        }
        while i < rangeA.upperBound {
            steps.append(.removed(i))
            i += 1
        }
        while j < rangeB.upperBound {
            steps.append(.added(j))
            j += 1
        }
    }
}

extension JSONValues.Node {
    /// From 1, nothing in common, to 1,000. Of texts only the ends count.
    fileprivate func likeness(to other: JSONValues.Node) -> Int {
        guard id != other.id else { return 1_000 }
        switch (content, other.content) {
        case (.object(let a), .object(let b)):
            let values = Dictionary(a.map { ($0.key, $0.value.id) }) { first, _ in first }
            var points = 0
            for member in b {
                guard let value = values[member.key] else { continue }
                points += value == member.value.id ? 4 : 1
            }
            return 1 + points * 249 / max(a.count, b.count, 1)
        case (.array(let a), .array(let b)):
            let ids = Set(a.map(\.id))
            let shared = b.reduce(0) { $0 + (ids.contains($1.id) ? 1 : 0) }
            return 1 + min(shared, a.count) * 998 / max(a.count, b.count, 1)
        case (.leaf(let a), .leaf(let b)):
            guard a.utf8.first == b.utf8.first, a.utf8.first == UInt8(ascii: "\"") else { return 1 }
            let length = max(min(max(a.utf8.count, b.utf8.count), 512), 1)
            let head = zip(a.utf8, b.utf8).prefix(256).prefix { $0 == $1 }.count
            let tail = zip(a.utf8.reversed(), b.utf8.reversed()).prefix(256).prefix { $0 == $1 }.count
            return 1 + min(head + tail, length) * 900 / length
        default:
            return 1
        }
    }
}
