import Base
@testable import Command
import FoundationEssentials
import Runtime
import SQLite
import Testing

@Suite struct CheckTests {
    private let key = ["SECRET_KEY": "k3y-of-the-tests-0123456789-abcdef"]

    @Test func aGoodManifest_isOk() throws {
        let program = try TestProgram()
        let run = program("check")
        #expect(run.status == 0)
        let library =
            SQLiteLibrary.hasWALResetFix
            ? "with the fix of the WAL-reset bug"
            : "without the fix of the WAL-reset bug (3.51.3, 3.50.7, 3.44.6): worked around"
        #expect(
            run.output
                == "\(program.manifestFile): ok, 4 functions\nSQLite \(SQLiteLibrary.version), \(library)\n")
        #expect(run.error.isEmpty)
        #expect(TestProgram.run(["check", program.manifestFile]).output == run.output)
    }

    /// Its jobs run with the role that it asks for (LocalHostTests/JobTests), so there is nothing to warn of.
    @Test func aQueueOfAFunctionForARole_isOk() throws {
        let program = try TestProgram(
            manifest: """
                version: 1
                functions:
                  greet:
                    handler: Greeting
                    auth: ops
                    on:
                      - queue: greetings

                """)
        #expect(program("check").status == 0)
    }

    @Test func aTypo_isNamedWithItsPlace() throws {
        let program = try TestProgram(
            manifest: "version: 1\nfunctions:\n  greet:\n    handlr: Greeting\n    limits: { rate: often }\n")
        let run = program("check")
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        let lines = run.error.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first == "\(program.manifestFile):4:5: unknown key 'handlr' (did you mean 'handler'?)")
        #expect(lines.last?.hasPrefix("\(program.manifestFile):5:") == true)
    }

    @Test func aHandlerThatTheProgramDoesNotBring_isNamed() throws {
        let program = try TestProgram(
            manifest: "version: 1\nfunctions:\n  greet:\n    handler: Greting\n  other:\n    handler: Zzz\n")
        let file = program.manifestFile
        let said = """
            \(file):3: function 'greet': no handler 'Greting' (did you mean 'Greeting'?)
            \(file):5: function 'other': no handler 'Zzz'

            """
        let run = program("check")
        #expect(run.status == 1)
        #expect(run.error == said)
        // The verbs that need it say the same.
        let invoked = program("invoke", "greet")
        #expect(invoked.status == 1)
        #expect(invoked.error == "gestaloka invoke:\n" + said)
    }

    @Test func json_saysTheSame_onStandardOutput() throws {
        let good = try TestProgram()
        #expect(
            good("check", "--json").object == [
                "manifest": .string(good.manifestFile), "ok": .bool(true), "functions": .integer(4),
                "problems": .array([]), "warnings": .array([]),
                "sqlite": .object([
                    "version": .string(SQLiteLibrary.version),
                    "has_wal_reset_fix": .bool(SQLiteLibrary.hasWALResetFix),
                ]),
            ])
        let bad = try TestProgram(manifest: "version: 2\n")
        let run = bad("check", "--json")
        #expect(run.status == 1)
        #expect(run.error.isEmpty)
        #expect(run.object["ok"] == .bool(false))
        guard case .array(let problems) = run.object["problems"], case .string(let first) = problems.first
        else {
            Issue.record("no problems in \(run.output)")
            return
        }
        #expect(first.hasPrefix("\(bad.manifestFile):1:10: "))
    }

    @Test func production_asksForAKey_andNoGuests() throws {
        let program = try TestProgram()
        let production = ["ENVIRONMENT": "production"]
        for verb in ["check", "serve"] {
            let run = program(verb, environment: production)
            #expect(run.status == 1)
            #expect(run.error.contains("set SECRET_KEY to at least 32 random bytes"))
            let short = program(verb, environment: production.merging(["SECRET_KEY": "short"]) { $1 })
            #expect(short.status == 1)
            #expect(short.error.contains("has 5 bytes and needs at least 32"))
            let guests = program(
                verb, environment: production.merging(key) { $1 }.merging(["GUESTS": "true"]) { $1 })
            #expect(guests.status == 1)
            #expect(guests.error.contains("does not allow guests: set GUESTS=false"))
        }
        #expect(program("check", environment: production.merging(key) { $1 }).status == 0)
    }

    @Test func production_refusesDebug() throws {
        let program = try TestProgram()
        let safe = ["ENVIRONMENT": "production", "SECRET_KEY": "k3y-of-the-tests-0123456789-abcd"]
        #expect(program("check", environment: safe).status == 0)
        for word in ["true", "1", "ON"] {
            let variables = safe.merging(["DEBUG": word]) { $1 }
            for run in [
                program("check", environment: variables), program("invoke", "greet", environment: variables),
            ] {
                #expect(run.status == 1)
                #expect(run.error.contains("ENVIRONMENT=production does not allow DEBUG=true"))
            }
        }
    }

    @Test func aStoreThatOthersCanRead_isTold() throws {
        let program = try TestProgram()
        let store = program.store
        try program.file("functions.yaml", "store: \(store)\n" + TestProgram.manifest)
        #expect(program("invoke", "greet-all", "--data", #"{"name":"x"}"#).status == 0)
        #expect(program("check").error.isEmpty)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: store)
        let run = program("check")
        #expect(run.status == 0)
        #expect(run.error.contains("warning: others can read \(store): chmod 600 \(store)\n"))
        guard case .array(let warnings) = program("check", "--json").object["warnings"] else {
            Issue.record("no warnings")
            return
        }
        #expect(warnings.contains(.string("others can read \(store): chmod 600 \(store)")))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: store)
        #expect(program("check").error.isEmpty)
    }

    @Test func aStoreThatNoEngineKnows_isRefused_andNoFolderIsMadeForIt() throws {
        let program = try TestProgram()
        let said = "there is no engine for the store 'postgres://...': a store is the path of a file"
        try program.file("functions.yaml", "store: postgres://u:secret@db/x\n" + TestProgram.manifest)
        for verb in [["check"], ["invoke", "greet-all", "--data", "{}"], ["backup", "x.db"]] {
            let run = TestProgram.run(verb + ["--manifest", program.manifestFile])
            #expect(run.status == 1, "\(verb)")
            #expect(run.error.contains(said) && !run.error.contains("secret"), "\(run.error)")
        }
        #expect(!FileManager.default.fileExists(atPath: "postgres:"))
    }

    @Test(arguments: [
        (["ENVIRONMENT": "prod"], "ENVIRONMENT must be one of: development, production"),
        (["DEBUG": "maybe"], "DEBUG must be one of: true, false"),
        (["LOG_LEVEL": "loud"], "LOG_LEVEL must be one of: "),
    ])
    func aSettingThatIsNoSetting_isNamed(_ environment: [String: String], _ text: String) throws {
        let program = try TestProgram()
        for run in [
            program("check", environment: environment), program("invoke", "greet", environment: environment),
        ] {
            #expect(run.status == 1)
            #expect(run.error.contains(text))
        }
    }
}
