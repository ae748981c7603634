import Base
import Runtime
import Synchronization
import Testing
import Wire

@testable import Command
@testable import Engine

/// A program that is one function.
@Suite struct FunctionProgramTests {
    private static func run(
        _ program: TestProgram, _ arguments: String..., path: String = "/opt/function-greet-all",
        input: String = "", environment: [String: String] = [:]
    ) -> TestProgram.Run {
        let kept = Mutex(TestProgram.Run())
        let console = Console(
            output: { text in kept.withLock { $0.output += text } },
            error: { text in kept.withLock { $0.error += text } },
            readInput: { _ in Array(input.utf8) }, isTerminal: false)
        let function = FunctionProgram(
            Greeting(), version: "1.2.3", path: path, console: console,
            environment: ["LOG_LEVEL": "critical"].merging(environment) { $1 })
        let status = function.run(
            ["--manifest", program.manifestFile, "--store", program.store] + arguments)
        return kept.withLock { run in
            run.status = status
            return run
        }
    }

    private static let event =
        #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"com.example.made","data":{"name":"Rin"}}"#

    @Test func standardInput_isAnEvent_andTheAnswerIsJSON() throws {
        let program = try TestProgram()
        let run = Self.run(program, input: Self.event)
        #expect(run.status == 0 && run.error.isEmpty)
        #expect(run.output == #"{"count":1,"greeting":"Hello Rin from nobody","trigger":"direct"}"# + "\n")
        // Several, one a line, on the same state.
        let two = Self.run(program, input: Self.event + "\n" + Self.event)
        #expect(two.output.split(separator: "\n").count == 2)
        #expect(two.output.contains(#""count":3"#))
        #expect(Self.run(program, input: "[]").status == 0)
    }

    @Test func theName_isThatOfTheFile_orTheVariables() throws {
        let program = try TestProgram()
        let refused = Self.run(program, path: "function-announce", input: Self.event)
        #expect(refused.status == 1)
        #expect(refused.object["status"] == .integer(401))
        let named = Self.run(
            program, path: "/var/task/bootstrap", input: Self.event,
            environment: ["AWS_LAMBDA_FUNCTION_NAME": "greet-all"])
        #expect(named.status == 0)
        let unnamed = Self.run(program, path: "bootstrap", input: Self.event)
        #expect(unnamed.status == 1)
        #expect(unnamed.error.contains("several functions with the handler 'Greeting'"))
        #expect(unnamed.error.contains("greet, greet-all, announce"))
    }

    @Test func whatIsNoEvent_isWrongUsage() throws {
        let run = Self.run(try TestProgram(), input: "{}")
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.error.hasPrefix("function-greet-all: standard input: "))
        #expect(Self.run(try TestProgram(), "--port", "1").status == 2)
    }

    @Test func help_fitsATerminal() throws {
        let run = Self.run(try TestProgram(), "--help")
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("Usage: function-greet-all [OPTIONS]\n"))
        for line in run.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }

    @Test(arguments: ["", "127.0.0.1:0", "127.0.0.1:9001/x", "a b:1"])
    func anAddressOfTheRuntimeAPI_isAHostAndAPort(_ address: String) {
        #expect(throws: RuntimeAPIError.address) { try RuntimeAPISession(at: address, environment: [:]) }
    }
}

/// What of a manifest is a program's own.
@Suite struct OwnEntryTests {
    private static let functions = FunctionSet(Greeting())

    private static func manifest(_ functions: (name: String, handler: String)...) -> Manifest {
        Manifest(auth: [], functions: functions.map { FunctionEntry(name: $0.name, handler: $0.handler) })
    }

    private static func own(_ manifest: Manifest, _ names: String...) throws(OwnEntryError) -> OwnEntry {
        try OwnEntry(of: "Greeting", beside: functions, in: manifest, file: "f.yaml", names: names)
    }

    @Test func theFirstNameThatFits_counts_andTheOthersAreLeftOut() throws {
        let manifest = Self.manifest(("a", "Greeting"), ("b", "Greeting"), ("c", "Other"))
        let own = try Self.own(manifest, "none", "c", "b", "a")
        #expect(own.entry.name == "b")
        #expect(own.alone.functions.map(\.name) == ["b"])
        #expect(own.manifest == manifest)
    }

    @Test func withoutAName_itIsTheOnlyOne() throws {
        #expect(try Self.own(Self.manifest(("a", "Greeting"), ("c", "Other")), "x").entry.name == "a")
        #expect(throws: OwnEntryError.several(["a", "b"], "Greeting", "f.yaml")) {
            try Self.own(Self.manifest(("a", "Greeting"), ("b", "Greeting")))
        }
        #expect(throws: OwnEntryError.none("Greeting", "f.yaml")) {
            try Self.own(Self.manifest(("c", "Other")))
        }
    }
}

/// What the Lambda Runtime API says, and is told.
@Suite struct RuntimeAPITests {
    private static func invocation(_ fields: (String, String)...) -> RuntimeInvocation? {
        RuntimeInvocation(HTTPHeaders(fields), payload: [1])
    }

    @Test func anInvocation_isReadFromItsFields() throws {
        let invocation = try #require(
            Self.invocation(
                ("lambda-runtime-aws-request-id", "8476a536-e9f4"), ("Lambda-Runtime-Deadline-Ms", "1500"),
                ("Lambda-Runtime-Invocation-Id", "i 1")))
        #expect(invocation.id == "8476a536-e9f4")
        #expect(invocation.deadline == Timestamp(milliseconds: 1_500))
        #expect(invocation.invocationID == "i 1")
        #expect(invocation.trace == nil && invocation.payload == [1])
    }

    @Test(arguments: ["", "a/b", "a b", "a\u{e9}", String(repeating: "x", count: 257)])
    func anIdThatCannotStandInAPath_isNone(_ id: String) {
        #expect(Self.invocation(("Lambda-Runtime-Aws-Request-Id", id)) == nil)
        #expect(Self.invocation() == nil)
    }

    @Test func theTimeThatIsLeft_isTheSmallerOne() throws {
        let entry = FunctionEntry(name: "a", handler: "A", limits: Limits(timeout: .seconds(5)))
        func timeout(_ deadline: String, at now: Int64) throws -> Duration {
            let fields = [("Lambda-Runtime-Aws-Request-Id", "a"), ("Lambda-Runtime-Deadline-Ms", deadline)]
            let invocation = try #require(RuntimeInvocation(HTTPHeaders(fields), payload: []))
            return invocation.bounded(entry, at: Timestamp(milliseconds: now)).limits.timeout
        }
        #expect(try timeout("10000", at: 1_000) == .seconds(5))
        #expect(try timeout("10000", at: 8_000) == .seconds(2))
        #expect(try timeout("10000", at: 20_000) == .milliseconds(1))
        for nonsense in ["", "x", "-1", "9223372036854775807"] {
            #expect(try timeout(nonsense, at: 0) == .seconds(5))
        }
    }

    @Test func aTraceOfXRay_isOneOfW3C() {
        let trace = RuntimeInvocation.trace(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0")
        #expect(trace?.traceparent == "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
        let unsampled = RuntimeInvocation.trace(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8")
        #expect(unsampled?.traceparent.hasSuffix("-00") == true)
    }

    @Test(arguments: [
        "", ";", "=", "Root=1-2-3;Parent=4", "Root=1-5759e988-bd862e3fe1be46a994272793", "Root=;Parent=",
        "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
    ])
    func whatIsNoTrace_isNone(_ header: String) { #expect(RuntimeInvocation.trace(header) == nil) }

    @Test func anAnswer_hasTheFieldsOfHTTP_butOverASocketNone() {
        let outcome = Outcome(status: 200, json: #"{"a":"\n"}"#)
        let http = Event(
            id: "r1", time: Timestamp(milliseconds: 0), trigger: .http(method: "POST", path: "/"))
        let response = RuntimeAnswer.response(outcome, to: http)
        #expect(JSONScanner.isJSON(response))
        #expect(response.hasPrefix(#"{"statusCode":200,"headers":{"X-Frame-Options":"DENY","#))
        #expect(response.contains(#""X-Request-Id":"r1""#))
        #expect(response.hasSuffix(#""body":"{\"a\":\"\\n\"}","isBase64Encoded":false}"#))
        var socket = http
        socket.trigger = .socket(event: "a", connection: "c", host: "h")
        #expect(
            RuntimeAnswer.response(outcome, to: socket) == #"{"statusCode":200,"body":"{\"a\":\"\\n\"}"}"#)
    }

    @Test func aFailure_isWhatLambdaShows() {
        #expect(
            RuntimeAnswer.failure("no \"event\"", type: "T")
                == #"{"errorMessage":"no \"event\"","errorType":"T","stackTrace":[]}"#)
    }
}
