internal import FoundationEssentials
internal import Runtime

/// What a replay of a recording found among the invocations that were chosen, for people, scripts and CI systems.
struct ReplayFindings {
    /// One invocation that was replayed.
    struct Finding {
        let invocation: ReplayedInvocation
        /// Where it came out otherwise, as far as that counts.
        let differences: [Difference]
    }

    private let title: String
    private let recording: Recording
    private let findings: [Finding]
    /// Invocations that were chosen, and that the replay did not get to.
    private let left: [RecordedInvocation]
    private let hole: Int64?
    private let remarks: [String]

    init(_ replay: ReplayResult, _ recording: Recording, _ selection: ReplaySelection, title: String) {
        self.title = title
        self.recording = recording
        findings = replay.invocations.filter { selection.contains($0.recorded) }.map {
            Finding(invocation: $0, differences: $0.differences(masking: selection.mask))
        }
        let replayed = Set(replay.invocations.map(\.recorded.position))
        left = recording.invocations.filter { selection.contains($0) && !replayed.contains($0.position) }
        hole = replay.hole
        remarks = replay.remarks
    }

    /// Those that came out otherwise.
    var different: [Finding] { findings.filter { !$0.differences.isEmpty } }

    /// The exit status: a difference is one, and where there is none a recording that could not be replayed to its end.
    var status: Int32 {
        if !different.isEmpty { return ExitStatus.failed }
        return left.isEmpty ? ExitStatus.done : ExitStatus.incomplete
    }

    // MARK: Standard output

    func print(_ arguments: Arguments, _ console: Console) throws {
        let different = different
        if arguments[Options.json] {
            console.output(try jsonText(summary) + "\n")
        } else {
            for finding in different.prefix(1_000) {
                console.output(text(finding, colours: console.isTerminal))
            }
            if different.count > 1_000 { console.output("… and \(different.count - 1_000) more\n") }
            let same = findings.count - different.count
            console.output(
                "\(findings.count) replayed, \(same) identical, \(different.count) different\(incompleteness)\n"
            )
        }
        for remark in remarks { console.error("\(remark)\n") }
    }

    private var incompleteness: String {
        guard !left.isEmpty else { return "" }
        return ", \(left.count) not replayed: \(holeText ?? "something before them is missing")"
    }

    private var holeText: String? { hole.map { "the recording has a hole at number \($0)" } }

    private func text(_ finding: Finding, colours: Bool) -> String {
        let recorded = finding.invocation.recorded
        let head =
            "#\(recorded.position) \(recorded.function) \(recorded.event.id) (\(recorded.event.trigger.name))"
        let places = finding.differences.map { difference in
            difference.text(colours: colours).split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        return head + "\n" + places.joined()
    }

    /// What `--json` prints.
    private struct Summary: Encodable {
        struct Place: Encodable {
            let path: String
            let recorded: String?
            let replayed: String?
        }

        struct Invocation: Encodable {
            let position: Int
            let function: String
            let id: String
            let differences: [Place]
        }

        let replayed: Int
        let identical: Int
        let different: Int
        /// How many of the chosen were not replayed.
        let beyond: Int
        let complete: Bool
        let hole: Int64?
        let remarks: [String]
        let differences: [Invocation]
    }

    private var summary: Summary {
        let different = different
        return Summary(
            replayed: findings.count, identical: findings.count - different.count, different: different.count,
            beyond: left.count, complete: left.isEmpty, hole: hole, remarks: remarks,
            differences: different.map { finding in
                Summary.Invocation(
                    position: finding.invocation.recorded.position,
                    function: finding.invocation.recorded.function,
                    id: finding.invocation.recorded.event.id,
                    differences: finding.differences.map {
                        Summary.Place(path: $0.path, recorded: $0.recorded, replayed: $0.replayed)
                    })
            })
    }

    // MARK: Files

    /// Writes what `--report` and `--junit` ask for.
    func write(_ arguments: Arguments, _ console: Console) throws {
        let files = ReplayFiles(title: title, recording: recording)
        let entries = findings.map { finding in
            ReplayReport.Entry(
                finding.invocation.recorded, replayed: finding.invocation.duration,
                differences: finding.differences)
        }
        let reason = "Not replayed: \(holeText ?? "it is beyond a gap")"
        try files.write(
            entries, left: left.map { ($0, reason) }, remarks: remarks, arguments, console)
    }
}

extension ReplayReport.Entry {
    init(_ recorded: RecordedInvocation, replayed: Duration, differences: [Difference]) {
        self.init(
            position: recorded.position, function: recorded.function, id: recorded.event.id,
            trigger: recorded.event.trigger.name, at: recorded.event.time, status: recorded.status,
            recorded: recorded.duration, replayed: replayed, differences: differences)
    }
}

/// The files that a replay leaves: `--report` a page for people, `--junit` a report for CI systems.
struct ReplayFiles {
    let title: String
    let recording: Recording

    func write(
        _ entries: [ReplayReport.Entry], left: [(invocation: RecordedInvocation, reason: String)],
        remarks: [String], _ arguments: Arguments, _ console: Console
    ) throws {
        if let file = arguments[Replay.report] {
            let report = ReplayReport(
                title: title, program: recording.program, startedAt: recording.startedAt, entries: entries,
                remarks: remarks)
            try write(report.html(), to: file, of: Replay.report, console)
        }
        if let file = arguments[Replay.junit] {
            let skipped = left.map { invocation, reason in
                JUnitReport.Case(
                    ReplayReport.Entry(invocation, replayed: .zero, differences: []), skipped: reason)
            }
            let report = JUnitReport(
                name: title, at: recording.startedAt,
                cases: entries.map { JUnitReport.Case($0) } + skipped, remarks: remarks)
            try write(report.xml(), to: file, of: Replay.junit, console)
        }
    }

    private func write(_ text: String, to file: String, of option: any OptionDeclaration, _ console: Console)
        throws
    {
        do {
            try PrivateFile.write(text, to: file)
        } catch { throw UsageError("--\(option.name): \(file) cannot be written") }
        console.error("Report: \(file)\n")
    }
}
