internal import FoundationEssentials
internal import Runtime
internal import Store

/// `invoke`: one invocation through the whole pipeline, without a server.
struct Invoke: Verb {
    static let name = "invoke"
    static let summary = "Run one function once, through the whole pipeline, and print its answer."
    static let operands = "FUNCTION"
    static let options: [Option] = [
        Option(name: "data", value: "JSON|@FILE|-", help: "The input: JSON, a file, or standard input."),
        Option(name: "event", value: "FILE", help: "A whole event (CloudEvents 1.0 JSON; - for standard input)."),
        Option(name: "as", value: "PLAYER", help: "Run on behalf of this player, without a token."),
        Option(name: "role", value: "ROLE", help: "A role of that player (repeatable).", isRepeatable: true),
        .manifest, .store,
    ]
    static let details = """
        The answer, or the problem, goes to standard output as JSON; exit status 1 for a problem.
        Effects are committed to the store; a running 'serve' on the same store delivers what is
        emitted and runs the jobs.
        """

    /// The most that is read as input.
    static let inputLimit = 16 << 20

    private let program: Program
    private let arguments: Arguments
    private let function: String
    private let input: [UInt8]

    init(_ arguments: Arguments, _ program: Program) throws {
        guard let function = arguments.operands.first else { throw UsageError("which function?") }
        try arguments.check(operands: 1)
        guard arguments["data"] == nil || arguments["event"] == nil else {
            throw UsageError("--data and --event exclude each other")
        }
        guard arguments["as"] != nil || arguments.all("role").isEmpty else {
            throw UsageError("--role needs --as PLAYER")
        }
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
        let workshop = try Workshop(program, arguments, quiet: true)
        let entry: FunctionEntry
        let event: Event
        do {
            entry = try workshop.function(function)
            event = try self.event(workshop.invoker.platform)
        } catch {
            _ = try? workshop.run {}
            throw error
        }
        let outcome = try workshop.run { await workshop.invoker.invoke(entry, event) }
        program.console.output(outcome.json + "\n")
        return outcome.isSuccess ? ExitStatus.done : ExitStatus.failed
    }

    private func event(_ platform: Platform) throws -> Event {
        let now = platform.now()
        var event: Event
        if arguments["event"] != nil {
            do {
                event = try Event(cloudEvent: input)
            } catch { throw UsageError("--event: \(error)") }
        } else {
            var random = SeededRandom(seed: platform.seed())
            event = Event(id: random.identifier("req", at: now), time: now, trigger: .direct, data: input)
        }
        if let player = arguments["as"] {
            event.credential = .verified(Claims(subject: player, roles: arguments.all("role")))
        }
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
