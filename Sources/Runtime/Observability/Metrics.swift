internal import Base
internal import Synchronization

/// Counts and durations of invocations, as Prometheus reads them (text exposition format 0.0.4).
public final class Metrics: Sendable {
    /// Upper bounds of the duration histogram's buckets, in seconds.
    static let buckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    private struct Key: Hashable {
        let function: String
        let trigger: String
        let status: Int
    }

    private struct Histogram {
        var counts = [Int](repeating: 0, count: Metrics.buckets.count + 1)
        var sum = 0.0

        mutating func add(_ seconds: Double, bucket: Int) {
            counts[bucket] += 1
            sum += seconds
        }
    }

    private struct State {
        var invocations: [Key: Int] = [:]
        var durations: [String: Histogram] = [:]
        var rateRefusals: [String: Int] = [:]
        var counters: [String: (help: String, values: [[String]: Series])] = [:]
    }

    private struct Series {
        let labels: [(String, String)]
        var value: Int
    }

    private let state = Mutex(State())

    package init() {}

    package func count(function: String, trigger: String, status: Int, duration: Duration) {
        let seconds = duration.seconds
        let bucket = Self.buckets.firstIndex { seconds <= $0 } ?? Self.buckets.count
        state.withLock { state in
            state.invocations[Key(function: function, trigger: trigger, status: status), default: 0] += 1
            state.durations[function, default: Histogram()].add(seconds, bucket: bucket)
        }
    }

    package func countRateRefusal(_ function: String) {
        state.withLock { $0.rateRefusals[function, default: 0] += 1 }
    }

    /// A count that functions keep.
    public struct Counter: Sendable {
        package let name: String
        let help: String

        /// A counter; `name` must be a plain word that ends with `_total`.
        public init(_ name: String, _ help: String) {
            self.name = name
            self.help = help
        }
    }

    /// The most series of one counter; what would make one more is counted where the last label is `otherValue`.
    package static let maximumSeries = 4_096
    static let otherValue = "(other)"

    /// Adds to a counter. The last label may have many values, a caller's id for one.
    package func add(_ counter: Counter, _ labels: [(String, String)], by amount: Int) {
        state.withLock { state in
            var labels = labels
            var key = labels.flatMap { [$0.0, $0.1] }
            // Taken out, so that there is one reference and the change below copies nothing.
            var values = state.counters.removeValue(forKey: counter.name)?.values ?? [:]
            if values[key] == nil, values.count >= Self.maximumSeries, let last = labels.popLast() {
                labels.append((last.0, Self.otherValue))
                key = labels.flatMap { [$0.0, $0.1] }
            }
            values[key, default: Series(labels: labels, value: 0)].value &+= amount
            state.counters[counter.name] = (counter.help, values)
        }
    }

    /// What functions have counted in this process and nobody has taken yet; it is whoever takes it that shows it.
    package func takeCounts() -> [Count] {
        state.withLock { state in
            guard !state.counters.isEmpty else { return [] }
            defer { state.counters = [:] }
            return state.counters.flatMap { name, counter in
                counter.values.values.map { series in
                    Count(
                        name: name, help: counter.help, labels: series.labels.flatMap { [$0.0, $0.1] },
                        amount: series.value)
                }
            }
        }
    }

    /// What was counted under one counter and one set of labels, on its way to another process.
    package struct Count: Codable, Sendable, Equatable {
        package let name: String
        package let help: String
        /// Names and values in turn.
        package let labels: [String]
        package let amount: Int
    }

    /// Adds what another process has counted.
    package func add(_ counts: [Count]) {
        for count in counts {
            let pairs = stride(from: 0, to: count.labels.count - 1, by: 2).map {
                (count.labels[$0], count.labels[$0 + 1])
            }
            add(Counter(count.name, count.help), pairs, by: count.amount)
        }
    }

    /// A value that somebody else keeps, read when the metrics are.
    public struct Gauge: Sendable {
        let name: String
        let help: String
        let values: [(labels: [(String, String)], value: Double)]

        /// A gauge; `name` and label names must be plain words.
        public init(_ name: String, _ help: String, _ values: [(labels: [(String, String)], value: Double)]) {
            self.name = name
            self.help = help
            self.values = values
        }
    }

    /// All metrics as text, those of `gauges` included.
    public func exposition(_ gauges: [Gauge]) -> String {
        let state = state.withLock { $0 }
        var text = Exposition()
        text.begin(
            "gestaloka_invocations_total", "counter", "Invocations by function, trigger and HTTP status.")
        let sorted = state.invocations.sorted {
            ($0.key.function, $0.key.trigger, $0.key.status) < (
                $1.key.function, $1.key.trigger, $1.key.status
            )
        }
        for (key, count) in sorted {
            text.add(
                [("function", key.function), ("trigger", key.trigger), ("status", String(key.status))],
                Double(count))
        }
        text.begin("gestaloka_errors_total", "counter", "Invocations that failed for a reason of ours (5xx).")
        for (function, _) in state.durations.sorted(by: { $0.key < $1.key }) {
            let errors = sorted.filter { $0.key.function == function && $0.key.status >= 500 }.map(\.value)
            text.add([("function", function)], Double(errors.reduce(0, +)))
        }
        text.begin(
            "gestaloka_rate_refusals_total", "counter", "Invocations refused because a rate was used up.")
        for (function, count) in state.rateRefusals.sorted(by: { $0.key < $1.key }) {
            text.add([("function", function)], Double(count))
        }
        text.begin("gestaloka_invocation_duration_seconds", "histogram", "Time from the event to the answer.")
        for (function, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            var total = 0
            for (index, count) in histogram.counts.enumerated() {
                total += count
                let bound = index < Self.buckets.count ? Exposition.number(Self.buckets[index]) : "+Inf"
                text.add([("function", function), ("le", bound)], Double(total), suffix: "_bucket")
            }
            text.add([("function", function)], histogram.sum, suffix: "_sum")
            text.add([("function", function)], Double(total), suffix: "_count")
        }
        for (name, counter) in state.counters.sorted(by: { $0.key < $1.key }) {
            text.begin(name, "counter", counter.help)
            let sorted = counter.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for (_, series) in sorted { text.add(series.labels, Double(series.value)) }
        }
        for gauge in gauges {
            text.begin(gauge.name, "gauge", gauge.help)
            for (labels, value) in gauge.values { text.add(labels, value) }
        }
        return text.text
    }
}

/// Text in Prometheus's exposition format.
private struct Exposition {
    private(set) var text = ""
    private var name = ""

    mutating func begin(_ name: String, _ type: String, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func add(_ labels: [(String, String)], _ value: Double, suffix: String = "") {
        let list = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        text += name + suffix + (list.isEmpty ? "" : "{\(list)}") + " " + Self.number(value) + "\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    }

    private func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
