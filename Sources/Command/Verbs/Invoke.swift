internal import Net
internal import FoundationEssentials
internal import LocalHost
internal import Runtime

/// `invoke`: one invocation through the whole pipeline, without a server.
struct Invoke: Verb {
    static let name = "invoke"
    static let summary = "Run one function once, through the whole pipeline, and print its answer."
    static let operands = "FUNCTION"
    static let data = Option.text(
        "data", "JSON|@FILE|-", or: "", help: "The input: JSON, a file, or standard input.")
    static let event = Option.text(
        "event", "FILE", help: "Whole events (CloudEvents, API Gateway; - for standard input).")
    static let subject = Option.subject(
        "as", "PLAYER", help: "Run on behalf of this player, without a token.")
    static let roles = Option.roles(help: "A role of that player (repeatable).")
    static let isolation = Option.choice(
        "isolation", Isolation.self,
        help: "Run it here or in a process of its own (default: the manifest's).")
    static let instance = Option.flag(
        "instance", help: "Run each event in a new process, and log its report.")
    static let options: [any OptionDeclaration] = [
        data, event, subject, roles, isolation, instance, Options.manifest, Options.store, Options.record,
        Options.redact,
        Options.recordLimit,
    ]
    static let details = """
        The answer, or the problem, goes to standard output as JSON; exit status 1 for a problem.
        Effects are committed to the store; a running 'serve' on the same store delivers what is
        emitted and runs the jobs.

        An event file holds CloudEvents 1.0 (a JSON object, an array, or the text of an HTTP
        request in binary, structured or batched mode), API Gateway's HTTP events (payload format
        2.0) or its WebSocket events; of JSON several, one a line. All of them go to FUNCTION, in
        order, with an answer a line. Who they say was signed in is taken as signed in: nothing is
        checked a second time.
        """
    static let examples = [
        #"invoke FUNCTION --data '{"text":"hello"}' --as player_1"#, "invoke FUNCTION --data @input.json",
        "invoke FUNCTION --event event.json",
    ]

    /// The most that is read as input, in bytes.
    static let inputLimit = 16 << 20
    /// The most that is read of events, in bytes.
    static let eventLimit = EventFileLimits.standard.fileBytes

    private let program: Program
    private let arguments: Arguments
    private let function: String
    private let caller: Claims?
    private let isolation: Isolation?
    private let input: [UInt8]

    init(_ arguments: Arguments, _ program: Program) throws {
        guard let function = arguments.operands.first else {
            throw UsageError("FUNCTION is missing; '\(program.name) functions' lists them")
        }
        try arguments.check(operands: 1)
        if arguments.has(Self.event) { try arguments.check(without: Self.data, beside: Self.event) }
        guard arguments.has(Self.subject) || !arguments.has(Self.roles) else {
            throw UsageError("--role needs --as PLAYER")
        }
        let roles = try arguments.value(Self.roles)
        caller = try arguments.value(Self.subject).map { Claims(subject: $0, roles: roles) }
        isolation = try arguments.value(Self.isolation) ?? (arguments[Self.instance] ? .process : nil)
        if arguments[Self.instance], isolation == .inline {
            throw UsageError("--instance is a process, and --isolation says inline")
        }
        self.program = program
        self.arguments = arguments
        self.function = function
        input =
            if let file = arguments[Self.event] {
                try Self.read(file == "-" ? "-" : "@" + file, program.console, limit: Self.eventLimit)
            } else {
                try Self.read(arguments[Self.data], program.console, limit: Self.inputLimit)
            }
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        let manifest = try isolated(Workshop.manifest(program, arguments))
        // The loop comes before the store: a slip of the finger leaves no file behind.
        let loop = try EventLoop()
        let entry = try manifest.entry(function)
        let events = try self.events(.system(timers: loop, executor: loop))
        // An empty batch is one (CloudEvents JSON format, section 4.3).
        guard !events.isEmpty else { return ExitStatus.done }
        let file = Workshop.manifestFile(arguments)
        var alone = manifest
        alone.functions.removeAll { $0.isolation == .process && $0.name != entry.name }
        let objections = FunctionPrograms.objections(to: alone, file: file)
        guard objections.isEmpty else { throw EngineError.objections(objections) }
        let workshop = try Workshop(
            program, arguments, manifest, on: loop, quiet: !arguments[Self.instance])
        var processes: InstanceHost?
        if entry.isolation == .process {
            processes = try InstanceHost(
                workshop.invoker, loop: loop, log: workshop.log,
                programs: FunctionPrograms(program, arguments, workshop).forHost(tellsErrors: true))
        }
        let result = try Self.answers(events, entry, workshop, program.console, processes)
        if result.needsCaller {
            program.console.error("\(program.name) invoke: --as PLAYER runs it on behalf of a player\n")
        }
        return result.isSuccess ? ExitStatus.done : ExitStatus.failed
    }

    /// The manifest with the function where the options want it. Nothing is started ahead for one command.
    private func isolated(_ manifest: Manifest) throws -> Manifest {
        let name = try manifest.entry(function).name
        var manifest = manifest
        for index in manifest.functions.indices {
            manifest.functions[index].instances.warm = 0
            guard manifest.functions[index].name == name else { continue }
            if isolation == .inline, !manifest.functions[index].command.isEmpty {
                throw UsageError("'\(name)' is a command, which has a process of its own")
            }
            manifest.functions[index].isolation = isolation ?? manifest.functions[index].isolation
            if arguments[Self.instance] { manifest.functions[index].instances.invocations = 1 }
        }
        return manifest
    }

    /// Runs the function for each event, in order, and prints an answer a line.
    static func answers(
        _ events: [Event], _ entry: FunctionEntry, _ workshop: Workshop, _ console: Console,
        _ processes: InstanceHost? = nil
    ) throws -> Result {
        try workshop.run {
            var result = Result()
            await processes?.start()
            for event in events {
                let outcome = await workshop.invoker.invoke(entry, event)
                console.output(outcome.json + "\n")
                result.note(outcome, of: event)
            }
            await processes?.stop()
            return result
        }
    }

    /// What came of all events.
    struct Result {
        var isSuccess = true
        /// Whether one failed because nobody asked.
        var needsCaller = false

        mutating func note(_ outcome: Outcome, of event: Event) {
            if !outcome.isSuccess { isSuccess = false }
            if case .none = event.credential, outcome.problem?.kind == .unauthenticated { needsCaller = true }
        }
    }

    private func events(_ platform: Platform) throws -> [Event] {
        let now = platform.now()
        var events: [Event]
        if arguments.has(Self.event) {
            do {
                events = try EventFile.events(in: input, receivedAt: now, now: now).map(\.event)
            } catch { throw UsageError("--event: \(error)") }
        } else {
            var random = SeededRandom(seed: platform.seed())
            events = [Event(id: random.identifier("req", at: now), time: now, trigger: .direct, data: input)]
        }
        if let caller {
            for index in events.indices { events[index].credential = .verified(caller) }
        }
        return events
    }

    private static func read(_ source: String, _ console: Console, limit: Int) throws -> [UInt8] {
        if source == "-" { return try console.readInput(limit) }
        guard source.hasPrefix("@") else { return Array(source.utf8) }
        let path = String(source.dropFirst())
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(path) cannot be read")
        }
        guard data.count <= limit else { throw UsageError("\(path) has more than \(limit) bytes") }
        return [UInt8](data)
    }
}
