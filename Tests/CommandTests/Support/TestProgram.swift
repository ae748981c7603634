import FoundationEssentials
import Runtime
import Synchronization
import TestSupport

@testable import Command

/// A program with a manifest and a store in a folder of its own, whose output is kept.
final class TestProgram: Sendable {
    struct Run: Sendable {
        var status: Int32 = 0
        var output = ""
        var error = ""

        /// The output as a JSON object; empty where it is none.
        var object: [String: JSONValue] {
            (try? JSONDecoder().decode([String: JSONValue].self, from: Data(output.utf8))) ?? [:]
        }
    }

    let directory: TemporaryDirectory

    init(manifest: String = TestProgram.manifest) throws {
        directory = try TemporaryDirectory()
        try file("functions.yaml", manifest)
    }

    var store: String { directory.file("store.db") }
    var manifestFile: String { directory.file("functions.yaml") }

    func file(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: directory.file(name)))
    }

    /// Runs a verb on the folder's manifest and store.
    func callAsFunction(
        _ arguments: String..., input: String = "", environment: [String: String] = [:]
    ) -> Run {
        var arguments = arguments
        if ["serve", "invoke", "token", "check", "functions"].contains(arguments[0]) {
            arguments += ["--manifest", manifestFile]
        }
        if ["serve", "invoke", "token"].contains(arguments[0]) { arguments.append("--store=\(store)") }
        return Self.run(arguments, input: input, environment: environment)
    }

    /// Runs a program called gestaloka with `arguments` as they are.
    static func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) -> Run {
        let kept = Mutex(Run())
        let console = Console(
            output: { text in kept.withLock { $0.output += text } },
            error: { text in kept.withLock { $0.error += text } },
            readInput: { limit in
                guard input.utf8.count <= limit else {
                    throw UsageError("the input has more than \(limit) bytes")
                }
                return Array(input.utf8)
            }, isTerminal: false)
        // The log goes to the test's own standard error.
        let variables = ["LOG_LEVEL": "critical"].merging(environment) { $1 }
        let program = Program(
            name: "gestaloka", version: "1.2.3", functions: FunctionSet(Greeting(), Failing()),
            console: console,
            environment: variables)
        let status = program.run(arguments)
        return kept.withLock { run in
            run.status = status
            return run
        }
    }

    static let manifest = """
        version: 1
        guests: ${GUESTS:-false}
        auth:
          - issuer: gestaloka
            audience: gestaloka
            algorithm: HS256
            key: ${SECRET_KEY}
        functions:
          greet:
            handler: Greeting
            on:
              - http: POST /greet
            limits:
              rate: 2/minute
          greet-all:
            handler: Greeting
            auth: none
          announce:
            handler: Greeting
            auth: ops
          fail:
            handler: Failing
            auth: none
        """
}

/// Greets, and counts how often.
struct Greeting: Function {
    struct Input: Decodable, Sendable {
        let name: String
    }

    struct Output: Encodable, Sendable {
        let greeting: String
        let count: Int
        let trigger: String
    }

    struct Greeted: StoredRecord {
        static let kind = "greeted"
        let id: String
        var count = 0
    }

    func handle(_ input: Input, in context: Context) async throws -> Output {
        let id = context.caller?.subject ?? "nobody"
        var greeted = try await context.read(Greeted.self, id) ?? Greeted(id: id)
        greeted.count += 1
        try context.save(greeted)
        return Output(
            greeting: "Hello \(input.name) from \(id)", count: greeted.count, trigger: context.trigger.name)
    }
}

/// Always fails.
struct Failing: Function {
    struct Failure: Error {}

    func handle(_ input: Nothing, in context: Context) async throws -> Nothing { throw Failure() }
}
