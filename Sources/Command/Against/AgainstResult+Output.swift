internal import Base
internal import Runtime

/// The result for people, and for scripts.
extension AgainstResult {
    /// How many differences and failures are listed for people.
    private static let listed = 20

    /// A table by function, what differs, and one summary line at the end.
    func text() -> String {
        var text = table() + "\n"
        text += differenceList() + failureList()
        if unsent > 0 { text += "\(unsent) jobs and direct events were left to the host.\n" }
        if delivered > 0 { text += "\(delivered) events came over sockets.\n" }
        if latest >= .milliseconds(100) {
            text += "Events were sent up to \(Self.milliseconds(latest)) ms after their time.\n"
        }
        let seconds = Self.rounded(duration.seconds, 1)
        let who = clients == 1 ? "1 client" : "\(clients) clients"
        text += "\(who), \(seconds) s, \(Self.rounded(rate, 1)) events a second\n"
        return text + summary + "\n"
    }

    /// `N sent, N identical, N different, N failed`.
    var summary: String {
        let ends = counts.unanswered > 0 ? ", \(counts.unanswered) without an answer" : ""
        return
            "\(counts.sent) sent, \(counts.identical) identical, \(counts.different) different\(ends), \(counts.failed) failed"
    }

    private func table() -> String {
        var lines = [
            ["FUNCTION", "SENT", "IDENTICAL", "DIFFERENT", "FAILED", "P50 ms", "P90", "P95", "P99", "MAX"]
        ]
        func row(_ name: String, _ counts: Counts, _ latency: LatencySummary) -> [String] {
            let times = [latency.p50, latency.p90, latency.p95, latency.p99, latency.max].map {
                latency.count == 0 ? "-" : Self.milliseconds($0)
            }
            return [
                name, String(counts.sent), String(counts.identical), String(counts.different),
                String(counts.failed),
            ] + times
        }
        lines += functions.map { row($0.function, $0.counts, $0.latency) }
        if functions.count > 1 { lines.append(row("all", counts, latency)) }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = zip(line, widths).enumerated().map { index, cell in
                let blanks = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + blanks : blanks + cell.0
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// Those that differ in the same places are told once.
    private func differenceList() -> String {
        let different = entries.filter { $0.verdict == .different }
        guard !different.isEmpty else { return "" }
        let kinds = Dictionary(grouping: different) { entry in
            ([entry.function, String(entry.recordedStatus), entry.status.map { String($0) } ?? ""]
                + entry.differences.map(\.path)).joined(separator: "\n")
        }.values.sorted { ($0.first?.position ?? 0) < ($1.first?.position ?? 0) }
        var text = "Different:\n"
        for kind in kinds.prefix(Self.listed) {
            guard let entry = kind.first else { continue }
            let others = kind.count > 1 ? " and \(kind.count - 1) more like it" : ""
            text += "#\(entry.position) \(entry.function)\(others)\n"
            for difference in entry.differences.prefix(Self.listed) {
                let (recorded, live) = (Self.short(difference.recorded), Self.short(difference.replayed))
                text += "  \(difference.path): \(recorded) -> \(live)\n"
            }
            let more = entry.differences.count - Self.listed
            if more > 0 { text += "  and \(more) more\n" }
        }
        if kinds.count > Self.listed {
            text += "and \(kinds.count - Self.listed) other kinds of difference\n"
        }
        return text + "\n"
    }

    private func failureList() -> String {
        let failed = entries.filter { $0.failure != nil }
        guard !failed.isEmpty else { return "" }
        let reasons = Dictionary(grouping: failed) { $0.failure?.reason ?? "" }
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        var text = "Failed:\n"
        for (reason, entries) in reasons.prefix(Self.listed) {
            let first = entries.first.map { ", the first #\($0.position) \($0.function)" } ?? ""
            text += "  \(entries.count) x \(reason)\(first)\n"
        }
        if reasons.count > Self.listed { text += "  and \(reasons.count - Self.listed) other reasons\n" }
        return text + "\n"
    }

    private static func short(_ json: String?) -> String {
        guard let json else { return "nothing" }
        let plain = json.printable
        return plain.count > 200 ? plain.prefix(200) + "…" : plain
    }

    fileprivate static func milliseconds(_ duration: Duration) -> String {
        rounded(duration.seconds * 1_000, duration < .milliseconds(100) ? 2 : 0)
    }

    private static func rounded(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "-" }
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((number * Double(scale)).rounded())
        guard digits > 0 else { return String(scaled) }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

extension String {
    /// With U+FFFD in place of what could drive a terminal: hosts and clients say what they like.
    var printable: String {
        String(unicodeScalars.map { $0.properties.isPrintable ? Character($0) : "\u{fffd}" })
    }
}

extension Unicode.Scalar.Properties {
    /// Neither a control character nor one that changes the direction of what follows.
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}

// MARK: JSON

extension AgainstResult {
    /// The result as one JSON object; times in milliseconds. Entries that were identical are only counted.
    func json() throws -> String {
        let report = Report(
            url: url, clients: clients, durationMilliseconds: Self.number(duration),
            eventsPerSecond: (rate * 1_000).rounded() / 1_000, counts: counts, latency: Latency(latency),
            functions: functions.map {
                FunctionReport(function: $0.function, counts: $0.counts, latency: Latency($0.latency))
            },
            leftToTheHost: unsent, delivered: delivered, latestMilliseconds: Self.number(latest),
            entries: entries.filter { $0.verdict == .different || $0.verdict == .failed }.map {
                EntryReport(
                    position: $0.position, function: $0.function, verdict: $0.verdict.rawValue,
                    recordedStatus: $0.recordedStatus, status: $0.status,
                    latencyMilliseconds: $0.latency.map(Self.number),
                    differences: $0.differences.map(DifferenceReport.init),
                    failure: $0.failure?.description)
            })
        return try jsonText(report)
    }

    fileprivate static func number(_ duration: Duration) -> Double {
        (duration.seconds * 1_000_000).rounded() / 1_000
    }

    private struct Report: Encodable {
        let url: String
        let clients: Int
        let durationMilliseconds: Double
        let eventsPerSecond: Double
        let counts: Counts
        let latency: Latency
        let functions: [FunctionReport]
        let leftToTheHost: Int
        let delivered: Int
        let latestMilliseconds: Double
        let entries: [EntryReport]

        private enum CodingKeys: String, CodingKey {
            case url, clients, counts, latency, functions, delivered, entries
            case durationMilliseconds = "duration_ms"
            case eventsPerSecond = "events_per_second"
            case leftToTheHost = "left_to_the_host"
            case latestMilliseconds = "latest_ms"
        }
    }

    private struct Latency: Encodable {
        let count: Int
        let p50: Double
        let p90: Double
        let p95: Double
        let p99: Double
        let max: Double

        init(_ summary: LatencySummary) {
            count = summary.count
            p50 = AgainstResult.number(summary.p50)
            p90 = AgainstResult.number(summary.p90)
            p95 = AgainstResult.number(summary.p95)
            p99 = AgainstResult.number(summary.p99)
            max = AgainstResult.number(summary.max)
        }

        private enum CodingKeys: String, CodingKey {
            case count
            case p50 = "p50_ms"
            case p90 = "p90_ms"
            case p95 = "p95_ms"
            case p99 = "p99_ms"
            case max = "max_ms"
        }
    }

    private struct FunctionReport: Encodable {
        let function: String
        let counts: Counts
        let latency: Latency
    }

    private struct DifferenceReport: Encodable {
        let path: String
        let recorded: String?
        let live: String?

        init(_ difference: Difference) {
            path = difference.path
            recorded = difference.recorded
            live = difference.replayed
        }
    }

    private struct EntryReport: Encodable {
        let position: Int
        let function: String
        let verdict: String
        let recordedStatus: Int
        let status: Int?
        let latencyMilliseconds: Double?
        let differences: [DifferenceReport]
        let failure: String?

        private enum CodingKeys: String, CodingKey {
            case position, function, verdict, status, differences, failure
            case recordedStatus = "recorded_status"
            case latencyMilliseconds = "latency_ms"
        }
    }
}
