import Base
@testable import Command
import FoundationEssentials
import Runtime
import Testing
import TestSupport

@Suite struct BackupTests {
    /// A program whose store has something in it.
    private static func played() throws -> TestProgram {
        let program = try TestProgram()
        #expect(program("invoke", "greet-all", "--data", #"{"name":"x"}"#).status == 0)
        return program
    }

    private static func run(_ program: TestProgram, _ arguments: String...) -> TestProgram.Run {
        TestProgram.run(arguments + ["--store", program.store])
    }

    @Test func backup_isMade_andRestored() throws {
        let program = try Self.played()
        let file = program.directory.file("backup.db")
        let backup = Self.run(program, "backup", file)
        #expect(backup.status == 0 && backup.error.isEmpty)
        #expect(backup.output.hasPrefix("\(file) is a copy of \(program.store): "))
        #expect(program("invoke", "greet-all", "--data", #"{"name":"x"}"#).output.contains(#""count":2"#))
        let refused = Self.run(program, "restore", file)
        #expect(refused.status == 1)
        #expect(
            refused.error
                == "gestaloka restore: there is a store at \(program.store), or its log: --replace takes its place\n"
        )
        let restored = Self.run(program, "restore", file, "--replace")
        #expect(restored.status == 0 && restored.error.isEmpty)
        #expect(restored.output.hasPrefix("\(file) is now the store \(program.store): "))
        #expect(program("invoke", "greet-all", "--data", #"{"name":"x"}"#).output.contains(#""count":2"#))
    }

    @Test func json_saysWhatTheCopyHolds() throws {
        let program = try Self.played()
        let file = program.directory.file("backup.db")
        let run = Self.run(program, "backup", file, "--json")
        #expect(run.status == 0 && run.error.isEmpty)
        #expect(Set(run.object.keys) == ["bytes", "file", "number", "store"])
        #expect(run.object["file"] == .string(file) && run.object["store"] == .string(program.store))
        let again = Self.run(program, "restore", file, "--replace", "--json")
        #expect(
            again.object["number"] == run.object["number"] && again.object["bytes"] == run.object["bytes"])
    }

    @Test func theManifest_namesTheStore() throws {
        let program = try Self.played()
        try program.file("functions.yaml", "store: \(program.store)\n" + TestProgram.manifest)
        let file = program.directory.file("backup.db")
        #expect(TestProgram.run(["backup", file, "--manifest", program.manifestFile]).status == 0)
        #expect(FileManager.default.fileExists(atPath: file))
    }

    @Test func whatCannotBeCopied_isSaid() throws {
        let program = try Self.played()
        let file = program.directory.file("backup.db")
        let none = TestProgram.run(["backup", file, "--store", program.directory.file("none.db")])
        #expect(none.status == 1)
        #expect(none.error == "gestaloka backup: there is no store at \(program.directory.file("none.db"))\n")
        #expect(Self.run(program, "backup", file).status == 0)
        let twice = Self.run(program, "backup", file)
        #expect(twice.status == 1)
        #expect(twice.error == "gestaloka backup: \(file) is there already\n")
        let state = try TestStore(program.store)
        let used = Self.run(program, "restore", file, "--replace")
        #expect(used.status == 1)
        #expect(
            used.error == "gestaloka restore: the store \(program.store) is in use: stop the host first\n")
        state.close()
    }

    @Test(arguments: ["backup", "restore"]) func withoutAFile_orWithTwo_itIsWrongUsage(verb: String) {
        #expect(TestProgram.run([verb]).status == 2)
        #expect(TestProgram.run([verb, ""]).status == 2)
        #expect(TestProgram.run([verb, "a", "b"]).status == 2)
    }
}
