internal import FoundationEssentials
internal import LocalHost
internal import Runtime

/// `replay`: runs a recording again and compares.
struct Replay: Verb {
    static let name = "replay"
    static let summary = "Run a recording again, and compare answers and effects field by field."
    static let operands = "DIR|FILE"
    static let list = Option.flag("list", help: "List the invocations, and run nothing.")
    static let only = Option.text(
        "only", "FUNCTION|ID", help: "Compare one function, or one invocation, alone.")
    static let from = Option.number(
        "from", "N", in: 1...Int.max, help: "Compare from the Nth invocation on.")
    static let to = Option.number("to", "M", in: 1...Int.max, help: "Compare up to the Mth invocation.")
    static let mask = Option.texts(
        "mask", "FIELD", help: "Do not compare members of this name or path (repeatable).")
    static let fork = Option.text(
        "fork", "N|ID", help: "Stop in front of an invocation and leave the store (--store).")
    static let update = Option.flag(
        "update", help: "Accept the differences: write the recording anew.")
    static let report = Option.text("report", "FILE.html", help: "Write a page to look at.")
    static let junit = Option.text("junit", "FILE.xml", help: "Write a report that CI systems read.")
    static let against = Option.text(
        "against", "URL", help: "Send the traffic to a running host, and compare its answers.")
    static let speed = Option(
        "speed", "1x|max", help: "How fast, with --against or 0.5x, 20x (default: max)."
    ) { texts throws(UsageError) in try Against.Speed(texts.first ?? "max") }
    static let allowRemote = Option.flag(
        "allow-remote", help: "Let --against reach other machines than this one.")
    static let options: [any OptionDeclaration] = [
        list, only, from, to, mask, fork, update, report, junit, against, speed, allowRemote,
        Options.manifest, Options.store, Options.json,
    ]
    static let details = """
        Works on a copy of the recording's store, in the recorded order of admissions and commits, with
        the recorded time, seeds and claims; nothing waits. Prints every difference, and how many there
        are. Exit status 1 where anything differs; 3 where nothing does, but the recording has a hole
        and not everything could be replayed.
        --manifest replays under another manifest, and with --update makes it the recording's;
        --update accepts what --only, --from and --to choose and --mask leaves. --store is where --fork
        leaves the store.
        FILE holds events of another system (CloudEvents, API Gateway): each runs as the function that
        the manifest (default: functions.yaml) binds it to, on a copy of --store or an empty store.
        --against sends the HTTP and socket traffic to a running host, each player a client of its own,
        and compares answers, but for ids, times and what was told from outside (a model's or the
        narrator's words); prints latencies. Players who did not sign in within the recording get
        sessions in the host's store (--store, --manifest, SECRET_KEY). With --update the recording is
        updated first.
        """
    static let examples = [
        "replay DIR", "replay DIR --only player-action --report replay.html",
        "replay DIR --list", "replay DIR --mask story --junit replay.xml",
        "replay DIR --fork 117 --store fork.db",
        "replay DIR --against http://127.0.0.1:8000 --speed 1x",
        "replay events.ndjson --store var/gestaloka.db",
    ]

    private let program: Program
    private let arguments: Arguments
    private let place: String
    private let against: AgainstCommand?
    private let selection: ReplaySelection

    init(_ arguments: Arguments, _ program: Program) throws {
        guard let place = arguments.operands.first else {
            throw UsageError("DIR is missing: the folder of a recording ('serve --record DIR' makes one)")
        }
        try arguments.check(operands: 1)
        let others: [any OptionDeclaration] = [Self.update, Self.against, Self.report, Self.junit, Self.mask]
        for option in others {
            if arguments.has(Self.fork) { try arguments.check(without: option, beside: Self.fork) }
            if arguments.has(Self.list) { try arguments.check(without: option, beside: Self.list) }
        }
        if arguments.has(Self.fork) { try arguments.check(without: Self.list, beside: Self.fork) }
        if !arguments.has(Self.against) {
            let beside: [any OptionDeclaration] = [Self.speed, Self.allowRemote]
            for option in beside where arguments.has(option) {
                throw UsageError("--\(option.name) needs --against URL")
            }
        }
        selection = try ReplaySelection(arguments)
        against = try arguments[Self.against].map { try AgainstCommand(program, arguments, url: $0) }
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
        try selection.check(recording)
        if arguments[Self.list] { return try ReplayList(recording, selection).print(program, arguments) }
        let session = try ReplaySession(program, arguments, recording)
        if let fork = arguments[Self.fork] { return try session.fork(fork) }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        if arguments[Self.update] {
            let status = try update(recording, session, folder)
            guard let against else { return status }
            return try against.run(Recording(folder: place), selection, title: place)
        }
        if let against { return try against.run(recording, selection, title: place) }
        let end: Replayer.End =
            selection.to < recording.invocations.count ? .after(selection.to) : .all
        let replay = try session.replay(on: folder.path + "/replay.db", end: end)
        let findings = ReplayFindings(replay, recording, selection, title: place)
        try findings.write(arguments, program.console)
        try findings.print(arguments, program.console)
        return findings.status
    }

    private func update(
        _ recording: Recording, _ session: ReplaySession, _ folder: TemporaryFolder
    ) throws -> Int32 {
        let replay = try session.replay(on: folder.path + "/replay.db")
        let findings = ReplayFindings(replay, recording, selection, title: place)
        try findings.write(arguments, program.console)
        let accepted = Set(findings.different.map(\.invocation.recorded.position))
        if !accepted.isEmpty || replay.beyond > 0 || session.newManifest != nil {
            let again = try session.replay(on: folder.path + "/again.db", renumbers: true)
            try recording.update(with: again, accepting: accepted, manifest: session.newManifest)
        }
        let count = (replay.invocations.count, accepted.count, replay.beyond)
        // Whatever the host does with it, is what is printed then.
        let text =
            arguments[Options.json]
            ? #"{"dropped":\#(count.2),"replayed":\#(count.0),"updated":\#(count.1)}"#
            : "\(count.0) replayed, \(count.1) updated, \(count.2) dropped"
        against == nil ? program.console.output(text + "\n") : program.console.error(text + "\n")
        return replay.beyond > 0 ? ExitStatus.incomplete : ExitStatus.done
    }
}
