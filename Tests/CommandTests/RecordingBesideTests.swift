import Net
import Base
@testable import Command
import FoundationEssentials
import LocalHost
@testable import Manifest
@testable import Recording
import Runtime
import Testing
import TestSupport

/// What commands do beside a process that records the same store.
@Suite struct RecordingBesideTests {
    private let environment = ["SECRET_KEY": TestRuntime.key]

    @Test func commandsBesideARecordingHost_writeTheirOwnPart() throws {
        let program = try TestProgram()
        #expect(program("token", "--player", "before", environment: environment).status == 0)
        let loop = try EventLoop()
        let folder = program.directory.file("recording")
        let manifest = try Manifest(contentsOf: program.manifestFile, environment: environment)
        let yaml = try #require(FileManager.default.contents(atPath: program.manifestFile))
        let recorder = try Recorder(
            folder: folder, of: .file(program.store), manifest: manifest, yaml: [UInt8](yaml),
            environment: environment, program: "gestaloka 1.2.3", redact: ["mail"], log: .none,
            platform: .system(timers: loop, executor: loop))
        #expect(FileManager.default.fileExists(atPath: program.store + ".recording"))
        let token = program("token", "--player", "p", environment: environment)
        #expect(token.status == 0)
        let session = try #require(token.error.split(separator: " ").dropFirst().first.map(String.init))
        for name in ["Ada", "Bo", "Cy"] {
            _ = program(
                "invoke", "greet", "--as", "p", "--data", #"{"name":"\#(name)","mail":"a@b","token":"t"}"#,
                environment: environment)
        }
        #expect(program("token", "--revoke", session, environment: environment).status == 0)
        #expect(program("token", "--revoke", session, environment: environment).status == 1)
        #expect(
            program(
                "invoke", "greet-all", "--data", #"{"name":"Last"}"#, environment: environment
            ).status == 0)
        recorder.close()
        #expect(!FileManager.default.fileExists(atPath: program.store + ".recording"))
        // Nobody records any more.
        #expect(program("token", "--player", "after", environment: environment).status == 0)
        // The host's own part is the first.
        let others = try (2...8).map { number in
            try String(
                decoding: Data(contentsOf: URL(filePath: folder + "/events-\(number).ndjson")), as: UTF8.self)
        }.joined()
        #expect(others.split(separator: "\n").count == 7 * 2, "a line each, and the end: \(others)")
        #expect(others.split(separator: "\n").count { $0.contains(#""kind":"write","by":"token""#) } == 3)
        #expect(!others.contains("a@b") && !others.contains(#""t""#))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/events-2.ndjson")
        #expect(attributes[.posixPermissions].map { "\($0)" } == "384")

        // Also the revocation that found nothing took a number.
        let run = TestProgram.run(["replay", folder])
        #expect(run.output == "4 replayed, 4 identical, 0 different\n", "\(run.error)")
        #expect(run.status == 0)
        #expect(TestProgram.run(["replay", folder, "--list"]).output.contains("429"))
        let update = TestProgram.run(["replay", folder, "--update", "--mask", "nothing"])
        #expect(update.output == "4 replayed, 0 updated, 0 dropped\n")
        #expect(TestProgram.run(["replay", folder]).status == 0)
    }

    @Test func withoutTheirPart_thereIsAHole() throws {
        let program = try TestProgram()
        #expect(program("token", "--player", "before", environment: environment).status == 0)
        let folder = program.directory.file("recording")
        let recorded = program(
            "invoke", "greet", "--as", "p", "--data", #"{"name":"Ada"}"#, "--record", folder,
            environment: environment)
        #expect(recorded.status == 0)
        // A mark that nobody holds is that of a process that has died.
        try program.file("store.db.recording", folder)
        #expect(program("token", "--player", "p", environment: environment).status == 0)
        #expect(!FileManager.default.fileExists(atPath: folder + "/events-2.ndjson"))
    }
}
