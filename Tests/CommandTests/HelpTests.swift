import Testing

@testable import Command

@Suite struct HelpTests {
    static let verbs = Program.verbs.map { $0.name }

    @Test func theProgramsHelp() throws {
        let run = TestProgram.run(["help"])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "help.txt")
        for arguments in [["--help"], ["-h"], ["help", "help"], ["help", "--help"]] {
            #expect(TestProgram.run(arguments).output == run.output)
        }
    }

    @Test(arguments: verbs) func aVerbsHelp(_ verb: String) throws {
        let run = TestProgram.run(["help", verb])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "help-\(verb).txt")
        // Wherever it is asked for, whatever else is there.
        for arguments in [
            [verb, "-h"], [verb, "--help"], [verb, "--no-such", "x", "-h"], [verb, "--port", "--help"],
        ] {
            #expect(TestProgram.run(arguments).output == run.output)
            #expect(TestProgram.run(arguments).status == 0)
        }
    }

    @Test(arguments: ["help.txt"] + verbs.map { "help-\($0).txt" }) func help_fitsATerminal(_ name: String) {
        let topic = name.dropFirst(5).dropLast(4)
        let text = TestProgram.run(topic.isEmpty ? ["help"] : ["help", String(topic)]).output
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        for line in text.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }

    @Test func theVersion() {
        for option in ["--version", "-V"] {
            #expect(TestProgram.run([option]).output == "gestaloka 1.2.3\n")
            #expect(TestProgram.run([option]).status == 0)
        }
    }
}
