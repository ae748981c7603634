import Testing

@testable import Observability
import Runtime

@Suite struct MetricsTests {
    /// One sample of the text exposition format.
    private struct Sample {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    /// Reads the format line by line, strictly; a sample must follow its metric's HELP and TYPE.
    private func parse(_ text: String) throws -> [Sample] {
        struct Broken: Error { let line: Substring }
        var samples: [Sample] = []
        var (metric, type) = ("", "")
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.hasPrefix("# HELP ") {
                metric = String(line.dropFirst(7).prefix { $0 != " " })
                type = ""
                continue
            }
            if line.hasPrefix("# TYPE ") {
                let words = line.dropFirst(7).split(separator: " ")
                guard words.count == 2, words[0] == metric else { throw Broken(line: line) }
                type = String(words[1])
                continue
            }
            let name = line.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            var rest = line.dropFirst(name.count)
            let bases =
                type == "histogram" ? [metric + "_bucket", metric + "_sum", metric + "_count"] : [metric]
            guard !type.isEmpty, bases.contains(String(name)) else { throw Broken(line: line) }
            var labels: [String: String] = [:]
            if rest.first == "{" {
                repeat {
                    rest.removeFirst()
                    let label = rest.prefix { $0 != "=" }
                    rest = rest.dropFirst(label.count)
                    guard rest.hasPrefix("=\"") else { throw Broken(line: line) }
                    rest = rest.dropFirst(2)
                    var value = ""
                    while let character = rest.popFirst(), character != "\"" {
                        guard character == "\\" else {
                            value.append(character)
                            continue
                        }
                        switch rest.popFirst() {
                        case "n": value += "\n"
                        case "\\": value += "\\"
                        case "\"": value += "\""
                        default: throw Broken(line: line)
                        }
                    }
                    guard labels.updateValue(value, forKey: String(label)) == nil else {
                        throw Broken(line: line)
                    }
                } while rest.first == ","
                guard rest.popFirst() == "}" else { throw Broken(line: line) }
            }
            guard rest.popFirst() == " ", let value = Double(rest) else { throw Broken(line: line) }
            samples.append(Sample(name: String(name), labels: labels, value: value))
        }
        return samples
    }

    @Test func everyLine_isOfTheFormat() throws {
        let metrics = Metrics()
        metrics.count(function: "a", trigger: "http", status: 202, duration: .milliseconds(3))
        metrics.count(function: "a", trigger: "http", status: 202, duration: .milliseconds(1))
        metrics.count(function: "a", trigger: "socket", status: 503, duration: .seconds(100))
        metrics.count(function: "b\"\\\n", trigger: "direct", status: 500, duration: .zero)
        metrics.countRateRefusal("a")
        let gauges = [
            Metrics.Gauge("gestaloka_sockets", "Open sockets.", [([], 3)]),
            Metrics.Gauge(
                "gestaloka_depth", "Depth.",
                [([("queue", "story"), ("state", "dead")], 0.5), ([("queue", "x\ny")], .infinity)]),
            Metrics.Gauge("gestaloka_odd", "Not numbers.", [([], .nan), ([("sign", "minus")], -.infinity)]),
        ]
        let samples = try parse(metrics.exposition(gauges))
        func value(_ name: String, _ labels: [String: String]) -> Double? {
            samples.first { $0.name == name && $0.labels == labels }?.value
        }
        let total = "gestaloka_invocations_total"
        #expect(value(total, ["function": "a", "trigger": "http", "status": "202"]) == 2)
        #expect(value(total, ["function": "a", "trigger": "socket", "status": "503"]) == 1)
        #expect(value("gestaloka_errors_total", ["function": "a"]) == 1)
        #expect(value("gestaloka_errors_total", ["function": "b\"\\\n"]) == 1)
        #expect(value("gestaloka_rate_refusals_total", ["function": "a"]) == 1)
        #expect(value("gestaloka_sockets", [:]) == 3)
        #expect(value("gestaloka_depth", ["queue": "x\ny"]) == .infinity)
        #expect(value("gestaloka_odd", [:])?.isNaN == true)
        // No sample stands there twice.
        #expect(
            Set(samples.map { "\($0.name)\($0.labels.sorted { $0.key < $1.key })" }).count == samples.count)
    }

    @Test func theHistogram_isCumulative() throws {
        let metrics = Metrics()
        let durations: [Duration] = [
            .zero, .milliseconds(1), .microseconds(1_001), .seconds(30), .seconds(31),
        ]
        for duration in durations {
            metrics.count(function: "f", trigger: "http", status: 200, duration: duration)
        }
        let samples = try parse(metrics.exposition([]))
        let buckets = samples.filter { $0.name == "gestaloka_invocation_duration_seconds_bucket" }
        #expect(buckets.count == Metrics.buckets.count + 1)
        #expect(buckets.map(\.value) == buckets.map(\.value).sorted())
        let bounds = buckets.map { Double($0.labels["le"] ?? "") ?? 0 }
        #expect(bounds == Metrics.buckets + [.infinity])
        #expect(buckets.last?.labels["le"] == "+Inf")
        #expect(buckets.first?.value == 2)
        #expect(buckets[1].value == 3)
        #expect(buckets.dropLast().last?.value == 4)
        #expect(buckets.last?.value == 5)
        #expect(samples.first { $0.name.hasSuffix("_count") }?.value == 5)
        let sum = try #require(samples.first { $0.name.hasSuffix("_sum") }?.value)
        #expect(abs(sum - 61.002001) < 1e-9)
    }

    @Test func beyondTheLimit_aCounterAddsUpTheRest() throws {
        let metrics = Metrics()
        let counter = Metrics.Counter("things_total", "Things.")
        let count = Metrics.maximumSeries + 10
        for number in 0..<count { metrics.add(counter, [("kind", "a"), ("player_id", "p\(number)")], by: 2) }
        metrics.add(counter, [("kind", "a"), ("player_id", "p0")], by: 1)
        let samples = try parse(metrics.exposition([])).filter { $0.name == "things_total" }
        #expect(samples.count == Metrics.maximumSeries + 1)
        #expect(samples.first { $0.labels["player_id"] == "p0" }?.value == 3)
        #expect(samples.first { $0.labels["player_id"] == Metrics.otherValue }?.value == 20)
        #expect(samples.map(\.value).reduce(0, +) == Double(2 * count + 1))
    }
}
