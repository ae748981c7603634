internal import FoundationEssentials
internal import LocalHost
internal import Runtime
internal import Store

/// `replay`: runs a recording again and compares.
struct Replay: Verb {
    static let name = "replay"
    static let summary = "Run a recording again, and compare answers and effects field by field."
    static let operands = "DIR|FILE"
    static let options: [Option] = [
        Option(name: "only", value: "FUNCTION|ID", help: "Compare one function, or one invocation, alone."),
        Option(name: "from", value: "N", help: "Compare from the Nth invocation on."),
        Option(name: "to", value: "M", help: "Stop behind the Mth invocation."),
        Option(
            name: "fork", value: "N|ID", help: "Stop in front of an invocation and leave the store (--store)."
        ),
        Option(name: "update", value: nil, help: "Accept the differences: write the recording anew."),
        Option(name: "report", value: "FILE.html", help: "Write a page to look at."),
        Option(
            name: "against", value: "URL",
            help: "Send the traffic to a running host, and compare its answers."),
        Option(name: "speed", value: "1x|max", help: "How fast, with --against or 0.5x, 20x (default: max)."),
        Option(name: "allow-remote", value: nil, help: "Let --against reach other machines than this one."),
        .manifest, .store, .json,
    ]
    static let details = """
        Works on a copy of the recording's store, in the recorded order of admissions and commits, with
        the recorded time, seeds and claims; nothing waits. Prints every difference, and how many there
        are; exit status 1 where anything differs.
        --manifest replays under another manifest; --store is where --fork leaves the store.
        FILE holds events of another system (CloudEvents, API Gateway): each runs as the function that
        the manifest (default: functions.yaml) binds it to, on a copy of --store or an empty store.
        --against sends the HTTP and socket traffic to a running host, each player a client of its own,
        and compares answers with ids and times masked; prints latencies. Players who did not sign in
        within the recording get sessions in the host's store (--store, --manifest, SECRET_KEY).
        """
    static let examples = [
        "replay DIR", "replay DIR --only player-action --report replay.html",
        "replay DIR --fork 117 --store fork.db",
        "replay DIR --against http://127.0.0.1:8000 --speed 1x",
        "replay events.ndjson --store var/gestaloka.db",
    ]

    private let program: Program
    private let arguments: Arguments
    private let place: String
    private let against: AgainstCommand?
    private let from: Int
    private let to: Int

    init(_ arguments: Arguments, _ program: Program) throws {
        guard let place = arguments.operands.first else {
            throw UsageError("DIR is missing: the folder of a recording ('serve --record DIR' makes one)")
        }
        try arguments.check(operands: 1)
        for name in ["fork", "update", "against"] where arguments.has(name) {
            for other in ["fork", "update", "against"] where other != name {
                try arguments.check(without: other, beside: name)
            }
        }
        if !arguments.has("against") {
            for name in ["speed", "allow-remote"] where arguments.has(name) {
                throw UsageError("--\(name) needs --against URL")
            }
        }
        if arguments.has("update") {
            for name in ["only", "from", "to"] { try arguments.check(without: name, beside: "update") }
        }
        from = try arguments.integer("from", in: 1...Int.max) ?? 1
        to = try arguments.integer("to", in: 1...Int.max) ?? .max
        guard from <= to else { throw UsageError("--from must not be behind --to") }
        against = try arguments["against"].map { try AgainstCommand(program, arguments, url: $0) }
        self.program = program
        self.arguments = arguments
        self.place = place
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        var isFolder = false
        guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else {
            throw UsageError("\(place): there is no such folder or file")
        }
        if !isFolder { return try EventReplay(program, arguments, file: place).run() }
        let recording = try Recording(folder: place)
        if let against {
            let (range, only) = (from...to, arguments["only"])
            return try against.run(recording) { invocation in
                range.contains(invocation.position)
                    && (only == nil || invocation.function == only || invocation.event.id == only)
            }
        }
        if let fork = arguments["fork"] { return try self.fork(fork, recording) }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let end: Replayer.End = to < recording.invocations.count ? .after(to) : .all
        let replay = try replay(recording, on: folder.path + "/replay.db", end: end)
        if arguments.has("update") {
            return try update(replay, recording) {
                try self.replay(recording, on: folder.path + "/again.db", renumbers: true)
            }
        }
        return try tell(replay, recording)
    }

    private func replay(
        _ recording: Recording, on store: String, end: Replayer.End = .all, renumbers: Bool = false
    ) throws -> ReplayResult {
        try copy(recording.snapshotPath, to: store)
        let loop = try EventLoop()
        let replayer = try Replayer(
            recording, functions: program.functions, manifest: otherManifest(), timers: loop, executor: loop)
        let bar = ProgressBar(console: program.console, label: "Replaying")
        defer { bar.clear() }
        return try loop.run {
            try await replayer.run(store: store, end: end, renumbers: renumbers) { bar.show($0, of: $1) }
        }
    }

    private func otherManifest() throws -> Manifest? {
        guard let file = arguments["manifest"] else { return nil }
        return try Manifest(contentsOf: file, environment: program.environment)
    }

    private func copy(_ source: String, to target: String) throws {
        do {
            try FileManager.default.copyItem(atPath: source, toPath: target)
        } catch { throw UsageError("\(source) cannot be copied to \(target)") }
    }

    // MARK: Results

    private func chosen(_ replay: ReplayResult) throws -> [ReplayedInvocation] {
        let inRange = replay.invocations.filter { (from...to).contains($0.recorded.position) }
        guard let word = arguments["only"] else { return inRange }
        let chosen = inRange.filter { $0.recorded.function == word || $0.recorded.event.id == word }
        guard chosen.isEmpty else { return chosen }
        let names = Set(replay.invocations.map(\.recorded.function)).sorted()
        let hint = nearest(word, among: names).map { " (did you mean '\($0)'?)" } ?? ""
        throw UsageError("--only: the recording has no function and no invocation '\(word)'\(hint)")
    }

    private func tell(_ replay: ReplayResult, _ recording: Recording) throws -> Int32 {
        let invocations = try chosen(replay)
        let different = invocations.filter { !$0.isIdentical }
        if let file = arguments["report"] { try report(invocations, replay, recording, file) }
        if arguments.has("json") {
            program.console.output(try jsonText(ReplaySummary(invocations, replay)) + "\n")
        } else {
            for invocation in different.prefix(1_000) {
                program.console.output(text(invocation, colours: program.console.isTerminal))
            }
            if different.count > 1_000 { program.console.output("… and \(different.count - 1_000) more\n") }
            program.console.output(
                "\(invocations.count) replayed, \(invocations.count - different.count) identical, \(different.count) different\n"
            )
        }
        for remark in replay.remarks { program.console.error("\(remark)\n") }
        if replay.beyond > 0 { program.console.error("\(replay.beyond) invocations were not replayed\n") }
        // A recording of which nothing could be replayed shows nothing.
        let isEmpty = replay.invocations.isEmpty && replay.beyond > 0
        return different.isEmpty && !isEmpty ? ExitStatus.done : ExitStatus.failed
    }

    private func text(_ invocation: ReplayedInvocation, colours: Bool) -> String {
        let recorded = invocation.recorded
        let head =
            "#\(recorded.position) \(recorded.function) \(recorded.event.id) (\(recorded.event.trigger.name))"
        let places = invocation.differences.map { difference in
            difference.text(colours: colours).split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        return head + "\n" + places.joined()
    }

    private func report(
        _ invocations: [ReplayedInvocation], _ replay: ReplayResult, _ recording: Recording, _ file: String
    ) throws {
        let report = ReplayReport(
            title: place, program: recording.program, startedAt: recording.startedAt,
            entries: invocations.map { invocation in
                ReplayReport.Entry(
                    position: invocation.recorded.position, function: invocation.recorded.function,
                    id: invocation.recorded.event.id, trigger: invocation.recorded.event.trigger.name,
                    at: invocation.recorded.event.time, status: invocation.recorded.status,
                    recorded: invocation.recorded.duration, replayed: invocation.duration,
                    differences: invocation.differences)
            }, remarks: replay.remarks)
        do {
            try PrivateFile.write(report.html(), to: file)
        } catch { throw UsageError("--report: \(file) cannot be written") }
        program.console.error("Report: \(file)\n")
    }

    private func update(
        _ replay: ReplayResult, _ recording: Recording, again: () throws -> ReplayResult
    ) throws -> Int32 {
        let different = replay.invocations.count { !$0.isIdentical }
        if different > 0 || replay.beyond > 0 { try recording.update(with: again()) }
        program.console.output(
            "\(replay.invocations.count) replayed, \(different) updated, \(replay.beyond) dropped\n")
        return ExitStatus.done
    }

    // MARK: Fork

    private func fork(_ word: String, _ recording: Recording) throws -> Int32 {
        let position = Int(word) ?? recording.invocations.first { $0.event.id == word }?.position ?? 0
        guard (1...max(1, recording.invocations.count)).contains(position), !recording.invocations.isEmpty
        else {
            throw UsageError(
                "--fork: the recording has no invocation '\(word)'; there are \(recording.invocations.count)")
        }
        let store = arguments["store"] ?? "fork.db"
        let event = store + ".event.json"
        for file in [store, event] where FileManager.default.fileExists(atPath: file) {
            throw UsageError("--fork: \(file) is there already; name another with --store")
        }
        _ = try replay(recording, on: store, end: .before(position))
        let invocation = recording.invocations[position - 1]
        do {
            try PrivateFile.write(invocation.cloudEvent + "\n", to: event)
        } catch { throw UsageError("\(event) cannot be written") }
        program.console.error(
            "The store as it was in front of #\(position) \(invocation.function): \(store)\n")
        program.console.output(
            "\(program.name) invoke \(invocation.function) --event \(event) --store \(store)\n")
        return ExitStatus.done
    }
}

/// What `--json` prints.
private struct ReplaySummary: Encodable {
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
    let beyond: Int
    let remarks: [String]
    let differences: [Invocation]

    init(_ invocations: [ReplayedInvocation], _ replay: ReplayResult) {
        let different = invocations.filter { !$0.isIdentical }
        replayed = invocations.count
        identical = invocations.count - different.count
        self.different = different.count
        beyond = replay.beyond
        remarks = replay.remarks
        differences = different.map { invocation in
            Invocation(
                position: invocation.recorded.position, function: invocation.recorded.function,
                id: invocation.recorded.event.id,
                differences: invocation.differences.map {
                    Place(path: $0.path, recorded: $0.recorded, replayed: $0.replayed)
                })
        }
    }
}
