import FoundationEssentials
import Runtime
import TestSupport
import Testing

@testable import Command

@Suite struct InvokeTests {
    @Test func theAnswer_isJSON_andWhatItDidIsKept() throws {
        let program = try TestProgram()
        let run = program("invoke", "greet", "--as", "player_1", "--data", #"{"name":"Ayu"}"#)
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
        #expect(run.output == #"{"count":1,"greeting":"Hello Ayu from player_1","trigger":"direct"}"# + "\n")
        let again = program("invoke", "greet", "--as=player_1", #"--data={"name":"Ayu"}"#)
        #expect(again.object["count"] == .integer(2))
        // Rates hold over processes.
        let refused = program("invoke", "greet", "--as", "player_1", "--data", #"{"name":"Ayu"}"#)
        #expect(refused.status == 1)
        #expect(refused.object["status"] == .integer(429))
    }

    @Test func theInput_comesFromAFile_orStandardInput() throws {
        let program = try TestProgram()
        try program.file("input.json", #"{"name":"file"}"#)
        let file = program("invoke", "greet-all", "--data", "@" + program.directory.file("input.json"))
        #expect(file.object["greeting"] == .string("Hello file from nobody"))
        let input = program("invoke", "greet-all", "--data", "-", input: #"{"name":"pipe"}"#)
        #expect(input.object["greeting"] == .string("Hello pipe from nobody"))
    }

    @Test func aProblem_isTheAnswer_withStatus1() throws {
        let program = try TestProgram()
        let broken = program("invoke", "greet-all", "--data", #"{"name":"#)
        #expect(broken.status == 1)
        #expect(broken.object["status"] == .integer(400))
        #expect(broken.object["type"] == .string("urn:problem-type:malformed"))
        let missing = program("invoke", "greet-all")
        #expect(missing.status == 1)
        #expect(missing.object["status"] == .integer(422))
        #expect(missing.object["detail"] == .string("/name is missing."))
        let failed = program("invoke", "fail")
        #expect(failed.status == 1)
        #expect(failed.object["status"] == .integer(500))
    }

    @Test func whoAsks_countsAsInAnyInvocation() throws {
        let program = try TestProgram()
        let data = #"--data={"name":"x"}"#
        let nobody = program("invoke", "greet", data)
        #expect(nobody.status == 1)
        #expect(nobody.object["status"] == .integer(401))
        #expect(nobody.error.contains("--as PLAYER"))
        let player = program("invoke", "announce", "--as", "p", data)
        #expect(player.object["status"] == .integer(403))
        let other = program("invoke", "announce", "--as", "p", "--role", "gm", data)
        #expect(other.object["status"] == .integer(403))
        let operators = program("invoke", "announce", "--as", "p", "--role", "gm", "--role", "ops", data)
        #expect(operators.status == 0)
    }

    @Test func aWholeEvent_isTakenAsItIs() throws {
        let program = try TestProgram()
        let event = """
            {"specversion":"1.0","id":"req_7","source":"/http","type":"app.gestaloka.http","httpmethod":"POST",
            "httppath":"/greet","time":"2026-01-01T00:00:00Z","authid":"player_9","data":{"name":"Rin"}}
            """
        try program.file("event.json", event)
        let run = program("invoke", "greet", "--event", program.directory.file("event.json"))
        #expect(run.status == 0)
        #expect(run.object["greeting"] == .string("Hello Rin from player_9"))
        #expect(run.object["trigger"] == .string("http"))
        let piped = program("invoke", "greet", "--event", "-", "--as", "player_8", input: event)
        #expect(piped.object["greeting"] == .string("Hello Rin from player_8"))
        // An event that was written by hand needs no time.
        let timeless = event.replacing(#""time":"2026-01-01T00:00:00Z","#, with: "")
        #expect(program("invoke", "greet-all", "--event", "-", input: timeless).status == 0)
    }

    @Test func anEventThatIsLargerThanTheFunctionTakes_isTheFunctionsToRefuse() throws {
        let program = try TestProgram()
        let event = """
            {"specversion":"1.0","id":"req_8","source":"/http","type":"app.gestaloka.http","httpmethod":"POST",
            "httppath":"/greet","data":{"name":"\(String(repeating: "x", count: 2 << 20))"}}
            """
        let run = program("invoke", "greet", "--event", "-", "--as", "player_9", input: event)
        #expect(run.status == 1)
        #expect(run.object["status"] == .integer(413))
    }

    @Test(arguments: ["", "{", "[1]", "{}", #"{"specversion":"1.0"}"#, #"{"specversion":"0.3","id":"x"}"#])
    func whatIsNoEvent_isWrongUsage(_ text: String) throws {
        let program = try TestProgram()
        let run = program("invoke", "greet", "--event", "-", input: text)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error.contains("gestaloka invoke: --event: "))
        #expect(!FileManager.default.fileExists(atPath: program.store))
    }

    // MARK: Foreign events

    private static let structured =
        #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"com.example.made","authtype":"app_user","authid":"player_1","data":{"name":"Rin"}}"#

    private static let gateway = #"""
        {
          "version": "2.0", "routeKey": "POST /elsewhere", "rawPath": "/elsewhere", "rawQueryString": "",
          "headers": {"content-type": "application/json"},
          "requestContext": {
            "authorizer": {"jwt": {"claims": {"sub": "player_2", "exp": "1767229200"}, "scopes": null}},
            "http": {"method": "POST", "path": "/elsewhere", "sourceIp": "203.0.113.7"},
            "requestId": "r-1", "stage": "$default", "timeEpoch": 1767225604123
          },
          "body": "eyJuYW1lIjoiR2F0ZSJ9", "isBase64Encoded": true
        }
        """#

    private static let socket =
        #"{"requestContext":{"routeKey":"say","eventType":"MESSAGE","requestTimeEpoch":1767225606000,"requestId":"m-1","connectionId":"C=","authorizer":{"principalId":"player_3"}},"body":"{\"name\":\"Wire\"}"}"#

    private static let binary = """
        POST /greet HTTP/1.1
        ce-specversion: 1.0
        ce-id: b-1
        ce-source: s
        ce-type: t
        ce-authtype: app_user
        ce-authid: player_4
        Content-Type: application/json

        {"name":"Bin"}
        """

    @Test(arguments: [
        (structured, "Hello Rin from ", "player_1", "direct"),
        (gateway, "Hello Gate from ", "player_2", "http"),
        (socket, "Hello Wire from ", "player_3", "socket"), (binary, "Hello Bin from ", "player_4", "direct"),
        ("[\(structured)]", "Hello Rin from ", "player_1", "direct"),
    ])
    func anEventOfAnyForm_goesToTheFunctionNamed(
        _ text: String, _ greeting: String, _ player: String, _ trigger: String
    ) throws {
        let program = try TestProgram()
        let run = program("invoke", "greet", "--event", "-", input: text)
        #expect(run.status == 0, "\(run.error)")
        #expect(run.object["greeting"] == .string(greeting + player))
        #expect(run.object["trigger"] == .string(trigger))
        let other = program("invoke", "greet", "--event", "-", "--as", "player_8", input: text)
        #expect(other.object["greeting"] == .string(greeting + "player_8"))
    }

    @Test func severalEvents_runInOrder_withAnAnswerALine() throws {
        let program = try TestProgram()
        let nameless = Self.structured.replacing(#"{"name":"Rin"}"#, with: "{}")
            .replacing("player_1", with: "player_2")
        let file = [Self.structured, nameless, Self.socket, Self.structured].joined(separator: "\n")
        try program.file("events.ndjson", file)
        let run = program("invoke", "greet", "--event", program.directory.file("events.ndjson"))
        #expect(run.status == 1)
        let answers = run.output.split(separator: "\n").map { TestProgram.Run(output: String($0)).object }
        #expect(run.output.hasSuffix("\n"))
        #expect(
            answers.map { $0["greeting"] } == [
                .string("Hello Rin from player_1"), nil, .string("Hello Wire from player_3"),
                .string("Hello Rin from player_1"),
            ])
        #expect(answers.map { $0["count"] } == [.integer(1), nil, .integer(1), .integer(2)])
        #expect(answers[1]["status"] == .integer(422))
        let good = program(
            "invoke", "greet-all", "--event", "-", input: "[\(Self.structured),\(Self.structured)]")
        #expect(good.status == 0)
    }

    @Test func anEventFileWithAWrongEvent_runsNothing() throws {
        let program = try TestProgram()
        let file = Self.structured + "\n" + Self.socket.replacing(#""connectionId":"C=","#, with: "")
        let run = program("invoke", "greet", "--event", "-", input: file)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(
            run.error.hasPrefix(
                "gestaloka invoke: --event: Line 2: the API Gateway WebSocket event's member 'requestContext.connectionId' is missing.\n"
            ))
    }

    @Test func anEmptyBatch_isNothingToDo() throws {
        let program = try TestProgram()
        let run = program("invoke", "greet", "--event", "-", input: "[]")
        #expect(run.status == 0 && run.output.isEmpty && run.error.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: program.store))
    }

    @Test func anEventOfTheFuture_runsNow_andAnAuthorizersQuestionNever() throws {
        let program = try TestProgram()
        let future = Self.gateway.replacing("1767225604123", with: "4102444800000")
            .replacing(#""exp": "1767229200""#, with: #""exp": "4102444700""#)
        let run = program("invoke", "greet", "--event", "-", input: future)
        #expect(run.status == 0, "\(run.output)")
        let question = Self.gateway.replacing(
            #""version": "2.0","#, with: #""version": "2.0", "type": "REQUEST","#)
        let refused = program("invoke", "greet", "--event", "-", input: question)
        #expect(refused.status == 2)
        #expect(refused.error.contains("is what API Gateway asks a Lambda authorizer"))
    }

    @Test func aTokenWithoutASubject_namesNobody_andAsCounts() throws {
        let program = try TestProgram()
        let nameless = Self.gateway.replacing(#""sub": "player_2", "#, with: "")
        let nobody = program("invoke", "greet", "--event", "-", input: nameless)
        #expect(nobody.status == 1)
        #expect(nobody.object["status"] == .integer(401))
        let somebody = program("invoke", "greet", "--event", "-", "--as", "player_8", input: nameless)
        #expect(somebody.object["greeting"] == .string("Hello Gate from player_8"))
    }

    @Test func moreInputThanIsRead_isWrongUsage() throws {
        let program = try TestProgram()
        let input = String(repeating: " ", count: Invoke.inputLimit + 1)
        #expect(program("invoke", "greet", "--data", "-", input: input).status == 2)
    }

    @Test func aStoreThatIsNone_isAFailure() throws {
        let program = try TestProgram()
        try program.file("store.db", String(repeating: "This is no database. ", count: 500))
        let run = program("invoke", "greet-all", #"--data={"name":"x"}"#)
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.error.contains("is not a store of this application"))
    }
}
