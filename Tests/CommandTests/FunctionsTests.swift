import FoundationEssentials
import TestSupport
import Testing

@testable import Command

@Suite struct FunctionsTests {
    /// One with whatever the table shows; the game's own may change.
    private let manifest = Golden.folder.appending(path: "functions.yaml").path

    @Test func theTableOfAManifest() throws {
        let run = TestProgram.run(["functions", "--manifest", manifest])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "functions.txt")
        for line in run.output.split(separator: "\n") { #expect(line.last != " ") }
    }

    @Test func tokensAndHosts_areColumnsWhereAFunctionHasThem() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/functions.yaml"
        let yaml = """
            version: 1
            functions:
              story:
                handler: Story
                on: [{websocket: /ws}, {socket: "/lobby#chat"}]
                hosts: [api.openai.com, "[::1]:8080", localhost]
                limits: {tokens: 1.5M/day}
              other: {handler: Other}
            """
        try Data(yaml.utf8).write(to: URL(filePath: path))
        let run = TestProgram.run(["functions", "--manifest", path])
        #expect(
            run.output == """
                FUNCTION  TRIGGER                 AUTH    RATE  TIMEOUT  BODY   CONCURRENCY  TOKENS    HOSTS
                story     websocket /ws#$default  player  -     5s       64KiB  256          1.5M/day  api.openai.com
                          socket /lobby#chat                                                           [::1]:8080
                                                                                                       localhost
                other     -                       player  -     5s       64KiB  256          -         -

                """)
    }

    @Test func theSameAsJSON() throws {
        let run = TestProgram.run(["functions", "--json", "--manifest", manifest])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "functions.json.txt")
    }
}
