import FoundationEssentials
import Testing

@testable import Command

/// Wrong usage: status 2, nothing on standard output, and a way on.
@Suite struct UsageTests {
    @Test func nothingAtAll_printsTheHelp_asAnError() {
        let run = TestProgram.run([])
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error == TestProgram.run(["help"]).output)
    }

    @Test(arguments: [
        (["serv"], "gestaloka: no command 'serv' (did you mean 'serve'?)"),
        (["help", "invok"], "gestaloka: no command 'invok' (did you mean 'invoke'?)"),
        (["xyzzy"], "gestaloka: no command 'xyzzy'\n"),
        (["--verbose"], "gestaloka: unknown option '--verbose'"),
        ([""], "gestaloka: no command ''"),
        (["serve", "--prot", "1"], "unknown option '--prot' (did you mean '--port'?)"),
        (["serve", "-p", "1"], "unknown option '-p'"), (["serve", "x"], "unexpected argument 'x'"),
        (["serve", "--port"], "option '--port' needs a value: --port N"),
        (["serve", "--port", "--host", "x"], "option '--port' needs a value"),
        (["serve", "--port", "80", "--port=81"], "option '--port' is given twice"),
        (["serve", "--port", "65536"], "--port must be a whole number from 0 to 65535"),
        (["serve", "--port="], "--port must be a whole number"),
        (["serve", "--port=-1"], "--port must be a whole number"),
        (["serve", "--port", "８０"], "--port must be"),
        (["check", "--json=yes"], "option '--json' takes no value"),
        (["check", "a", "b"], "unexpected argument 'b'"),
        (["check", "a", "--manifest", "b"], "the manifest is named twice"),
        (["functions", "x"], "unexpected argument 'x'"),
        (["functions", "--", "--json"], "unexpected argument '--json'"),
        (["invoke"], "FUNCTION is missing; 'gestaloka functions' lists them"),
        (["invoke", "a", "b"], "unexpected argument 'b'"),
        (["invoke", "a", "--data", "1", "--event", "f"], "--data and --event exclude each other"),
        (["invoke", "a", "--role", "ops"], "--role needs --as PLAYER"),
        (["invoke", "a", "--as", "a b"], "--as must be 1 to 128 bytes"),
        (["invoke", "a", "--as="], "--as must be"),
        (["invoke", "a", "--as", "p", "--role", "Ops"], "--role must be lower case"),
        (["invoke", "a", "--data", "@/no/such/file"], "/no/such/file cannot be read"),
        (["token"], "--player ID is missing"),
        (["token", "--player", ""], "--player must be 1 to 128 bytes"),
        (["token", "--player", "a\nb"], "--player must be"),
        (["token", "--player", "p", "--role="], "--role must be"),
        (["token", "--player", "p", "--expires", "soon"], "--expires must be a time such as 30m, 1h or 7d"),
        (["token", "--player", "p", "--expires", "0s"], "--expires must be"),
        (["token", "--player", "p", "--expires", "99999d"], "--expires must be"),
        (["token", "--revoke", "s", "--player", "p"], "--player and --revoke exclude each other"),
        (["token", "--revoke", "s", "--expires", "1h"], "--expires and --revoke exclude each other"),
    ])
    func aSlip_isExplained(_ arguments: [String], _ text: String) {
        let run = TestProgram.run(arguments)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.error.contains(text), "\(run.error)")
        #expect(run.error.contains("\nSee 'gestaloka help"))
    }

    @Test func aValue_standsBehindABlankOrAnEqualsSign() throws {
        let program = try TestProgram()
        for arguments in [
            ["functions", "--manifest", program.manifestFile],
            ["functions", "--manifest=\(program.manifestFile)"],
        ] {
            #expect(TestProgram.run(arguments).status == 0)
        }
    }

    @Test func anUnknownFunction_hasASuggestion_andMakesNoStore() throws {
        let program = try TestProgram()
        let run = program("invoke", "gret")
        #expect(run.status == 2)
        #expect(run.error.contains("no function 'gret' in the manifest (did you mean 'greet'?)"))
        #expect(!FileManager.default.fileExists(atPath: program.store))
    }

    @Test(arguments: ["serve", "invoke", "token", "functions", "check"])
    func aManifestThatIsNotThere_isAFailure_notWrongUsage(_ verb: String) {
        var arguments = [verb, "--manifest", "/no/such.yaml"]
        if verb == "invoke" { arguments.append("greet") }
        if verb == "token" { arguments += ["--player", "p"] }
        let run = TestProgram.run(arguments)
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.error.contains("/no/such.yaml:1:1: there is no such file\n"))
    }

    @Test func everyVerb_declaresEachOptionOnce_withAHelpOfOneLine() {
        for verb in Program.verbs {
            let names = verb.options.map(\.name)
            #expect(Set(names).count == names.count, "\(verb.name)")
            for option in verb.options {
                #expect(option.help.hasSuffix(".") && !option.help.contains("\n"), "\(option.usage)")
            }
        }
    }
}
