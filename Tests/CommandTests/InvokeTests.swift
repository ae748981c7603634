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

    @Test(arguments: ["", "{", "[]", "{}", #"{"specversion":"1.0"}"#, #"{"specversion":"0.3","id":"x"}"#])
    func whatIsNoEvent_isWrongUsage(_ text: String) throws {
        let program = try TestProgram()
        let run = program("invoke", "greet", "--event", "-", input: text)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error.contains("gestaloka invoke: --event: "))
        #expect(!FileManager.default.fileExists(atPath: program.store))
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
