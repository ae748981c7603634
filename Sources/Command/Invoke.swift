internal import FoundationEssentials
internal import LocalHost
internal import Runtime
internal import Store

/// `invoke`: one invocation through the whole pipeline, without a server.
struct Invoke: Verb {
    static let name = "invoke"
    static let summary = "Run one function once, through the whole pipeline, and print its answer."
    static let operands = "FUNCTION"
    static let options: [Option] = [
        Option(name: "data", value: "JSON|@FILE|-", help: "The input: JSON, a file, or standard input."),
        Option(
            name: "event", value: "FILE", help: "A whole event (CloudEvents 1.0 JSON; - for standard input)."),
        Option(name: "as", value: "PLAYER", help: "Run on behalf of this player, without a token."),
        Option(name: "role", value: "ROLE", help: "A role of that player (repeatable).", isRepeatable: true),
        .manifest, .store,
    ]
    static let details = """
        The answer, or the problem, goes to standard output as JSON; exit status 1 for a problem.
        Effects are committed to the store; a running 'serve' on the same store delivers what is
        emitted and runs the jobs.
        """
    static let examples = [
        #"invoke FUNCTION --data '{"text":"hello"}' --as player_1"#, "invoke FUNCTION --data @input.json",
        "invoke FUNCTION --event event.json",
    ]

    /// The most that is read as input.
    static let inputLimit = 16 << 20

    private let program: Program
    private let arguments: Arguments
    private let function: String
    private let caller: Claims?
    private let input: [UInt8]

    init(_ arguments: Arguments, _ program: Program) throws {
        guard let function = arguments.operands.first else {
            throw UsageError("FUNCTION is missing; '\(program.name) functions' lists them")
        }
        try arguments.check(operands: 1)
        guard arguments["data"] == nil || arguments["event"] == nil else {
            throw UsageError("--data and --event exclude each other")
        }
        guard arguments["as"] != nil || arguments.all("role").isEmpty else {
            throw UsageError("--role needs --as PLAYER")
        }
        let roles = try arguments.roles()
        caller = try arguments.player("as").map { Claims(subject: $0, roles: roles) }
        self.program = program
        self.arguments = arguments
        self.function = function
        input =
            if let file = arguments["event"] {
                try Self.read(file == "-" ? "-" : "@" + file, program.console)
            } else {
                try Self.read(arguments["data"] ?? "", program.console)
            }
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        let manifest = try Workshop.manifest(program, arguments)
        // The loop comes before the store: a slip of the finger leaves no file behind.
        let loop = try EventLoop()
        let entry = try manifest.entry(function)
        let event = try self.event(.system(timers: loop, executor: loop))
        let workshop = try Workshop(program, arguments, manifest, on: loop, quiet: true)
        let outcome = try workshop.run { await workshop.invoker.invoke(entry, event) }
        program.console.output(outcome.json + "\n")
        if case .none = event.credential, outcome.problem?.kind == .unauthenticated {
            program.console.error("\(program.name) invoke: --as PLAYER runs it on behalf of a player\n")
        }
        return outcome.isSuccess ? ExitStatus.done : ExitStatus.failed
    }

    private func event(_ platform: Platform) throws -> Event {
        let now = platform.now()
        var event: Event
        if arguments["event"] != nil {
            do {
                event = try Event(cloudEvent: input, receivedAt: now)
            } catch { throw UsageError("--event: \(error)") }
        } else {
            var random = SeededRandom(seed: platform.seed())
            event = Event(id: random.identifier("req", at: now), time: now, trigger: .direct, data: input)
        }
        if let caller { event.credential = .verified(caller) }
        return event
    }

    private static func read(_ source: String, _ console: Console) throws -> [UInt8] {
        if source == "-" { return try console.readInput(inputLimit) }
        guard source.hasPrefix("@") else { return Array(source.utf8) }
        let path = String(source.dropFirst())
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(path) cannot be read")
        }
        guard data.count <= inputLimit else { throw UsageError("\(path) has more than \(inputLimit) bytes") }
        return [UInt8](data)
    }
}
