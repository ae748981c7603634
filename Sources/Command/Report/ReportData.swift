internal import Base
internal import Runtime

/// How much of a replay its report holds, so that the page opens at once.
enum ReportBounds {
    /// Entries on the timeline and in the list.
    static let rows = 30_000
    /// Bytes of differences: paths and texts.
    static let differenceBytes = 1_600_000
    /// Places at which invocations differ, the most frequent ones.
    static let places = 40
    /// How many differences of an entry, and how many Unicode scalars of a text: the first that fits is taken.
    static let details: [(differences: Int, length: Int)] = [
        (100, 20_000), (100, 2_000), (50, 500), (20, 200), (8, 160), (3, 120), (2, 60),
    ]
}

/// What the page's script reads: `report.js` names every field.
struct ReportData: Encodable {
    struct Counts: Encodable {
        var replayed = 0
        var different = 0
        /// Of those that do not differ.
        var refused = 0
    }

    struct Function: Encodable {
        let name: String
        var counts = Counts()
        /// Median, 95th percentile and greatest, in microseconds.
        var recorded: [Int] = []
        var replayed: [Int] = []
    }

    struct Place: Encodable {
        let function: Int
        let path: String
        let count: Int
    }

    /// A column a field, a row an entry.
    struct Rows: Encodable {
        var position: [Int] = []
        var function: [Int] = []
        var id: [String] = []
        var trigger: [Int] = []
        /// Milliseconds after `first`.
        var at: [Int64] = []
        var status: [Int] = []
        /// Microseconds.
        var recorded: [Int] = []
        var replayed: [Int] = []
    }

    let title: String
    let program: String
    let startedAt: Int64
    let remarks: [String]
    private(set) var counts = Counts()
    private(set) var functions: [Function] = []
    private(set) var places: [Place] = []
    private(set) var placeCount = 0
    private(set) var first: Int64 = 0
    private(set) var rows = Rows()
    private(set) var triggers: [String] = []
    private(set) var paths: [String] = []
    private(set) var texts: [String] = []
    /// For each row that differs: the row, how many differences there are, and three numbers for each that is shown:
    /// its path, and what was recorded and replayed (-1 where there was nothing).
    private(set) var details: [[Int]] = []

    init(_ report: ReplayReport, rowLimit: Int = ReportBounds.rows) {
        title = report.title
        program = report.program
        startedAt = report.startedAt.milliseconds
        remarks = report.remarks
        let names = addFunctions(report.entries)
        addPlaces(report.entries, names)
        addRows(Self.chosen(report.entries, limit: rowLimit), of: report.entries, names)
    }

    private mutating func addFunctions(_ entries: [ReplayReport.Entry]) -> [String: Int] {
        var numbers: [String: Int] = [:]
        var durations: [(recorded: [Int], replayed: [Int])] = []
        for entry in entries {
            let number = numbers[entry.function] ?? functions.count
            if number == functions.count {
                numbers[entry.function] = number
                functions.append(Function(name: entry.function))
                durations.append(([], []))
            }
            durations[number].recorded.append(entry.recorded.microseconds)
            durations[number].replayed.append(entry.replayed.microseconds)
            functions[number].counts.add(entry)
            counts.add(entry)
        }
        for number in functions.indices {
            functions[number].recorded = Self.quantiles(durations[number].recorded)
            functions[number].replayed = Self.quantiles(durations[number].replayed)
        }
        return numbers
    }

    /// Nearest rank.
    static func quantiles(_ values: [Int]) -> [Int] {
        guard !values.isEmpty else { return [0, 0, 0] }
        let sorted = values.sorted()
        return [50, 95, 100].map { sorted[max(0, (sorted.count * $0 + 99) / 100 - 1)] }
    }

    /// At which places how many invocations differ, all elements of an array being one place.
    private mutating func addPlaces(_ entries: [ReplayReport.Entry], _ names: [String: Int]) {
        struct Key: Hashable {
            let function: Int
            let path: String
        }
        var found: [Key: Int] = [:]
        for entry in entries where !entry.differences.isEmpty {
            let function = names[entry.function] ?? 0
            for path in Set(entry.differences.map { Self.place($0.path) }) {
                found[Key(function: function, path: path), default: 0] += 1
            }
        }
        placeCount = found.count
        places = found.map { Place(function: $0.key.function, path: $0.key.path, count: $0.value) }
            .sorted { ($1.count, $0.function, $0.path) < ($0.count, $1.function, $1.path) }
            .prefix(ReportBounds.places).map { $0 }
    }

    /// A path without the indexes of arrays: `a[1].b` is `a[].b`.
    static func place(_ path: String) -> String {
        var result: [UInt8] = []
        var digits: [UInt8]?
        for byte in path.utf8 {
            if let held = digits {
                if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                    digits = held + [byte]
                    continue
                }
                if byte != UInt8(ascii: "]") { result += held }
                digits = nil
            }
            result.append(byte)
            if byte == UInt8(ascii: "[") { digits = [] }
        }
        return String(decoding: result + (digits ?? []), as: UTF8.self)
    }

    private mutating func addRows(
        _ chosen: [ReplayReport.Entry], of entries: [ReplayReport.Entry], _ names: [String: Int]
    ) {
        let start = entries.map(\.at).min() ?? Timestamp(milliseconds: 0)
        first = start.milliseconds
        var triggerNumbers: [String: Int] = [:]
        for entry in chosen {
            let trigger = triggerNumbers[entry.trigger] ?? triggers.count
            if trigger == triggers.count {
                triggerNumbers[entry.trigger] = trigger
                triggers.append(entry.trigger)
            }
            rows.position.append(entry.position)
            rows.function.append(names[entry.function] ?? 0)
            rows.id.append(entry.id)
            rows.trigger.append(trigger)
            rows.at.append((entry.at - start).milliseconds)
            rows.status.append(entry.status)
            rows.recorded.append(entry.recorded.microseconds)
            rows.replayed.append(entry.replayed.microseconds)
        }
        for (index, detail) in ReportBounds.details.enumerated() {
            var differences = ReportDifferences(differences: detail.differences, length: detail.length)
            let isLast = index == ReportBounds.details.count - 1
            for (row, entry) in chosen.enumerated() where !entry.differences.isEmpty {
                differences.add(row, entry.differences)
                if !isLast, differences.isFull { break }
            }
            guard isLast || !differences.isFull else { continue }
            (paths, texts, details) = (differences.paths.texts, differences.texts.texts, differences.details)
            return
        }
    }

    /// All that differ before the others, of which every so manieth stays; in their order.
    private static func chosen(_ entries: [ReplayReport.Entry], limit: Int) -> [ReplayReport.Entry] {
        guard entries.count > limit else { return entries }
        let different = entries.count { !$0.differences.isEmpty }
        let room = max(0, limit - different)
        let others = max(1, entries.count - different)
        var (kept, seen) = (0, 0)
        return entries.filter { entry in
            if !entry.differences.isEmpty {
                kept += 1
                return kept <= limit
            }
            seen += 1
            return seen * room / others > (seen - 1) * room / others
        }
    }
}

extension ReportData.Counts {
    fileprivate mutating func add(_ entry: ReplayReport.Entry) {
        replayed += 1
        if !entry.differences.isEmpty { different += 1 } else if entry.status >= 400 { refused += 1 }
    }
}

/// Differences in a bounded form: each path and each text once.
private struct ReportDifferences {
    let differences: Int
    let length: Int
    var paths = Table()
    var texts = Table()
    var details: [[Int]] = []

    var isFull: Bool { paths.bytes + texts.bytes + details.count * 16 > ReportBounds.differenceBytes }

    mutating func add(_ row: Int, _ found: [Difference]) {
        var detail = [row, found.count]
        if !isFull {
            for difference in found.prefix(differences) {
                let (recorded, replayed) = difference.excerpts(of: length)
                detail.append(paths.number(of: difference.path))
                detail.append(recorded.map { texts.number(of: $0) } ?? -1)
                detail.append(replayed.map { texts.number(of: $0) } ?? -1)
            }
        }
        details.append(detail)
    }

    struct Table {
        private(set) var texts: [String] = []
        private(set) var bytes = 0
        /// By bytes, for texts that are canonically equivalent would be one key.
        private var numbers: [[UInt8]: Int] = [:]

        mutating func number(of text: String) -> Int {
            bytes += 6
            let key = Array(text.utf8)
            if let number = numbers[key] { return number }
            numbers[key] = texts.count
            texts.append(text)
            bytes += key.count + key.count / 8 + 4
            return texts.count - 1
        }
    }
}

extension Duration {
    /// Whole microseconds, from 0 to some years.
    fileprivate var microseconds: Int { Int(max(0, min(seconds * 1e6, 1e15))) }
}
