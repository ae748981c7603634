internal import Base
public import Runtime

/// A command-line program around a set of functions: `serve`, `invoke`, `replay`, `token`, `backup`, `restore`, `check`
/// and `functions`.
///
/// Data goes to standard output, everything else to standard error. Exit status 0: done; 1: the invocation (or the
/// start, or the check) failed; 2: wrong usage; 3: a replay found no difference, but could not get to its end.
public struct Program: Sendable {
    let name: String
    let version: String
    let functions: FunctionSet
    let console: Console
    let environment: [String: String]

    /// A program called `name` that brings `functions`.
    public init(name: String, version: String = "0.0.0", functions: FunctionSet) {
        self.init(
            name: name, version: version, functions: functions, console: .standard, environment: .ofProcess)
    }

    init(
        name: String, version: String, functions: FunctionSet, console: Console, environment: [String: String]
    ) {
        self.name = name
        self.version = version
        self.functions = functions
        self.console = console
        self.environment = environment
    }

    /// Runs the verb that the process's arguments name, and ends the process with its status.
    public func main() -> Never {
        holdStandardDescriptors()
        end(run(Array(CommandLine.arguments.dropFirst())))
    }

    static var verbs: [any Verb.Type] {
        [
            Serve.self, Invoke.self, Replay.self, Token.self, Backup.self, Restore.self, Check.self,
            Functions.self,
        ]
    }

    /// Runs a verb; its exit status.
    func run(_ arguments: [String]) -> Int32 {
        var rest = arguments[...]
        guard let first = rest.popFirst() else {
            console.error(help)
            return ExitStatus.usage
        }
        switch first {
        case "help", "--help", "-h":
            guard let topic = rest.first, topic != "help", !topic.hasPrefix("-") else {
                console.output(help)
                return ExitStatus.done
            }
            guard let verb = verb(topic) else { return ExitStatus.usage }
            console.output(verb.help(name))
            return ExitStatus.done
        case "--version", "-V":
            console.output("\(name) \(version)\n")
            return ExitStatus.done
        default: break
        }
        guard let verb = verb(first) else { return ExitStatus.usage }
        if Arguments.askForHelp(rest) {
            console.output(verb.help(name))
            return ExitStatus.done
        }
        do {
            let arguments = try Arguments(Array(rest), of: verb)
            return try verb.init(arguments, self).run()
        } catch let error as UsageError {
            console.error("\(name) \(verb.name): \(error.description)\nSee '\(name) help \(verb.name)'.\n")
            return ExitStatus.usage
        } catch {
            // What has a line of its own for each thing that is wrong begins with the place, as compilers do.
            let text = "\(error)"
            console.error(
                "\(name) \(verb.name):\(error is ManifestError || text.contains("\n") ? "\n" : " ")\(text)\n")
            return ExitStatus.failed
        }
    }

    private func verb(_ word: String) -> (any Verb.Type)? {
        if let verb = Self.verbs.first(where: { $0.name == word }) { return verb }
        let names = Self.verbs.map { $0.name }
        let suggestion = nearest(word, among: names).map { " (did you mean '\($0)'?)" } ?? ""
        let what = word.hasPrefix("-") ? "unknown option" : "no command"
        console.error("\(name): \(what) '\(word)'\(suggestion)\nSee '\(name) help'.\n")
        return nil
    }

    private var help: String {
        let width = Self.verbs.map { $0.name.count }.max() ?? 0
        let lines = Self.verbs.map { verb in
            "  \(verb.name)\(String(repeating: " ", count: width - verb.name.count))  \(verb.summary)"
        }
        return """
            Usage: \(name) COMMAND [OPTIONS]

            Serves and runs the functions that a manifest (functions.yaml) names.

            Commands:
            \(lines.joined(separator: "\n"))

            '\(name) help COMMAND' tells a command's options; '\(name) --version' the version.
            Exit status: 0 done, 1 the invocation failed, 2 wrong usage, 3 a replay came to a hole.

            """
    }
}

/// What may stand on a command line, and what the help says of it.
protocol CommandLineForm {
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// What follows the name in the usage line, without what may be left out.
    static var operands: String { get }
    static var options: [any OptionDeclaration] { get }
    /// More for the verb's help.
    static var details: String { get }
    /// Command lines for the help, without the program's name.
    static var examples: [String] { get }
}

/// One command of a program.
protocol Verb: CommandLineForm {
    /// Throws `UsageError` for arguments it cannot take.
    init(_ arguments: Arguments, _ program: Program) throws

    /// Does it; the exit status. Whatever it throws is printed, with status 1.
    func run() throws -> Int32
}

extension CommandLineForm {
    static var examples: [String] { [] }

    static func help(_ program: String) -> String {
        let options = options.map { ($0.usage, $0.help) } + [("-h, \(Options.help.usage)", Options.help.help)]
        let width = options.map { $0.0.count }.max() ?? 0
        let lines = options.map { usage, help in
            "  \(usage)\(String(repeating: " ", count: width - usage.count))  \(help)"
        }
        let samples =
            examples.isEmpty ? "" : "\nExamples:\n" + examples.map { "  \(program) \($0)\n" }.joined()
        let usage = [program, name, operands].filter { !$0.isEmpty }.joined(separator: " ")
        return """
            Usage: \(usage) [OPTIONS]

            \(summary)
            \(details.isEmpty ? "" : "\n\(details)\n")
            Options:
            \(lines.joined(separator: "\n"))
            \(samples)
            """
    }
}

/// What a program's status says.
enum ExitStatus {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    /// A replay found no difference, but the recording has a hole.
    static let incomplete: Int32 = 3
}
