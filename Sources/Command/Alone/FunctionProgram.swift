internal import Base
internal import Net
public import Runtime

/// One function as a program of its own, for whoever starts functions by themselves.
///
/// It serves what is there: the Lambda Runtime API that `AWS_LAMBDA_RUNTIME_API` names, or else HTTP on `PORT`, or else
/// events on standard input. The pipeline and the shared state are those of every other host on the same store.
public struct FunctionProgram: Sendable {
    private let program: Program
    private let handler: String
    /// What the program was started as, without its folder.
    private let file: String

    /// A program for `function`; its name is that of its file.
    public init(_ function: some Function, version: String = "0.0.0") {
        self.init(
            function, version: version, path: CommandLine.arguments.first ?? "", console: .standard,
            environment: .ofProcess)
    }

    init<Handler: Function>(
        _ function: Handler, version: String, path: String, console: Console, environment: [String: String]
    ) {
        handler = Handler.handlerName
        file = path.split(separator: "/").last.map(String.init) ?? "function"
        program = Program(
            name: file, version: version, functions: FunctionSet(function), console: console,
            environment: environment)
    }

    /// Serves until there is nothing left to serve, and ends the process with its status.
    public func main() -> Never {
        holdStandardDescriptors()
        end(run(Array(CommandLine.arguments.dropFirst())))
    }

    /// The exit status.
    func run(_ words: [String]) -> Int32 {
        let console = program.console
        if Arguments.askForHelp(words[...]) {
            console.output(Form.help(file))
            return ExitStatus.done
        }
        if words.contains("--version") || words.contains("-V") {
            console.output("\(file) \(program.version)\n")
            return ExitStatus.done
        }
        do {
            let arguments = try Arguments(words, of: Form.self)
            try arguments.check(operands: 0)
            ignoreBrokenPipes()
            if let address = program.environment["AWS_LAMBDA_RUNTIME_API"], !address.isEmpty {
                let session = try RuntimeAPISession(at: address, environment: program.environment)
                return try session.run { loop in try opened(arguments, on: loop) }
            }
            if let port = program.environment["PORT"], !port.isEmpty {
                return try serve(arguments, port: port)
            }
            return try answerInput(arguments)
        } catch let error as UsageError {
            console.error("\(file): \(error.description)\nSee '\(file) --help'.\n")
            return ExitStatus.usage
        } catch {
            console.error("\(file): \(error)\n")
            return ExitStatus.failed
        }
    }

    /// One run: the events of standard input, an answer a line.
    private func answerInput(_ arguments: Arguments) throws -> Int32 {
        let loop = try EventLoop()
        let own = try entry(in: Workshop.manifest(program, arguments), arguments)
        let now = Platform.system(timers: loop, executor: loop).now()
        let input = try program.console.readInput(Invoke.eventLimit)
        let events: [Event]
        do {
            events = try EventFile.events(in: input, receivedAt: now, now: now).map {
                $0.event(in: own.manifest)
            }
        } catch { throw UsageError("standard input: \(error)") }
        guard !events.isEmpty else { return ExitStatus.done }
        let workshop = try Workshop(
            program, arguments, own.alone, on: loop, quiet: true)
        let result = try Invoke.answers(events, own.entry, workshop, program.console)
        return result.isSuccess ? ExitStatus.done : ExitStatus.failed
    }

    /// Serves the function's own HTTP routes, and nothing else that could start it.
    private func serve(_ arguments: Arguments, port: String) throws -> Int32 {
        guard let port = Int(port), (0...65_535).contains(port) else {
            throw UsageError("PORT must be a whole number from 0 to 65535")
        }
        return try Serve(arguments, program, host: "0.0.0.0", port: port) { manifest in
            try entry(in: manifest, arguments).routes
        }.run()
    }

    /// Everything that is needed to serve for long.
    private func opened(_ arguments: Arguments, on loop: EventLoop) throws -> ServedFunction {
        let own = try entry(in: Workshop.manifest(program, arguments), arguments)
        let objections = program.functions.objections(
            to: own.alone, file: Workshop.manifestFile(arguments))
        guard objections.isEmpty else { throw EngineError.objections(objections) }
        let workshop = try Workshop(program, arguments, own.alone, on: loop)
        return ServedFunction(entry: own.entry, manifest: own.manifest, workshop: workshop)
    }

    private func entry(in manifest: Manifest, _ arguments: Arguments) throws -> OwnEntry {
        try OwnEntry(
            of: handler, beside: program.functions, in: manifest, file: Workshop.manifestFile(arguments),
            names: [
                file.hasPrefix("function-") ? String(file.dropFirst("function-".count)) : nil,
                program.environment["AWS_LAMBDA_FUNCTION_NAME"],
            ].compactMap(\.self))
    }

    /// The command line of such a program.
    private enum Form: CommandLineForm {
        static let name = ""
        static let summary =
            "Runs one function of the manifest, through the whole pipeline on the shared state."
        static let operands = ""
        static let options: [any OptionDeclaration] = [Options.manifest, Options.store]
        static let details = """
            With AWS_LAMBDA_RUNTIME_API=HOST:PORT it asks there for events until it is stopped (SIGTERM
            finishes what is in hand), AWS_LAMBDA_MAX_CONCURRENCY of them at once. Else with PORT it serves
            the function's HTTP routes there, on every address. Without both, standard input is an event,
            or several: CloudEvents or API Gateway's, as 'gestaloka invoke --event' takes them. The
            answers go to standard output, one a line, the log to standard error; exit status 1 for a
            problem, 2 for what cannot be read.

            The function is the manifest's of this program's name without 'function-', or of the name
            AWS_LAMBDA_FUNCTION_NAME, or the only one with its handler.
            """
    }
}

/// A function that is ready to run.
struct ServedFunction: Sendable {
    let entry: FunctionEntry
    /// The whole manifest.
    let manifest: Manifest
    let workshop: Workshop
}
