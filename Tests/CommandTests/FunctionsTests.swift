import FoundationEssentials
import Testing

@testable import Command

@Suite struct FunctionsTests {
    private let manifest = Golden.root.appending(path: "functions.yaml").path

    @Test func theTableOfTheGame() throws {
        let run = TestProgram.run(["functions", "--manifest", manifest])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "functions.txt")
        for line in run.output.split(separator: "\n") { #expect(line.last != " ") }
    }

    @Test func theSameAsJSON() throws {
        let run = TestProgram.run(["functions", "--json", "--manifest", manifest])
        #expect(run.status == 0 && run.error.isEmpty)
        try Golden.check(run.output, "functions.json.txt")
    }
}
