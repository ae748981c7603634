import Base
@testable import Command
import FoundationEssentials
import Runtime
import Testing
import TestSupport

/// `replay DIR`, on recordings that `invoke --record` makes.
@Suite struct ReplayTests {
    private func event(_ id: String, _ name: String, as player: String = "player_1") -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/x","type":"com.example.made","time":"2026-01-01T00:00:00Z","authtype":"app_user","authid":"\#(player)","data":{"name":"\#(name)"}}"#
    }

    /// A recording of four greetings, the last of which is refused by the rate.
    private func recorded(
        _ program: TestProgram, environment: [String: String] = [:], extra: String = ""
    ) -> String {
        let folder = program.directory.file("recording")
        let events = ["Ada", "Rin", "Bo"].enumerated().map { event("e\($0 + 1)", $1) }.joined(separator: "\n")
        _ = program(
            "invoke", "greet", "--event", "-", "--record", folder, "--redact", "email", input: events + extra,
            environment: environment)
        return folder
    }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private func change(_ path: String, _ old: String, _ new: String) throws {
        #expect(text(path).contains(old))
        try Data(text(path).replacing(old, with: new).utf8).write(to: URL(filePath: path))
    }

    @Test func whatDiffers_isTold_masked_andAccepted_oneByOne() throws {
        let program = try TestProgram()
        let folder = recorded(program)
        let same = TestProgram.run(["replay", folder])
        #expect(same.output == "3 replayed, 3 identical, 0 different\n" && same.status == 0)
        let events = folder + "/events.ndjson"
        try change(events, #""greeting":"Hello Ada"#, #""greeting":"Bye Ada"#)
        try change(events, #""greeting":"Hello Rin"#, #""greeting":"Bye Rin"#)
        let run = TestProgram.run(["replay", folder])
        #expect(run.status == 1)
        #expect(run.output.hasSuffix("3 replayed, 1 identical, 2 different\n"))
        #expect(run.output.contains("answer.body.greeting"))
        for field in ["greeting", "answer.body.greeting", "body.greeting", "body", "answer"] {
            let masked = TestProgram.run(["replay", folder, "--mask", field])
            #expect(
                masked.output == "3 replayed, 3 identical, 0 different\n" && masked.status == 0, "\(field)")
        }
        #expect(
            TestProgram.run(["replay", folder, "--mask", "count", "--mask", "unit.greeting"]).status == 1)
        // Masked differences are not accepted, nor are those of others.
        _ = TestProgram.run(["replay", folder, "--update", "--mask", "greeting"])
        #expect(text(events).contains("Bye Ada"))
        let page = program.directory.file("page.html")
        let update = TestProgram.run(["replay", folder, "--update", "--only", "e1", "--report", page])
        #expect(update.output == "3 replayed, 1 updated, 0 dropped\n" && update.status == 0)
        #expect(text(page).contains("Bye Ada"))
        #expect(!text(events).contains("Bye Ada") && text(events).contains("Bye Rin"))
        #expect(TestProgram.run(["replay", folder]).output.hasSuffix("2 identical, 1 different\n"))
        let rest = TestProgram.run(["replay", folder, "--update", "--from", "2", "--json"])
        #expect(rest.object == ["replayed": .integer(3), "updated": .integer(1), "dropped": .integer(0)])
        #expect(TestProgram.run(["replay", folder]).status == 0)
    }

    @Test func aHole_hasAStatusOfItsOwn_andAWordInTheSummary() throws {
        let program = try TestProgram()
        let folder = recorded(program)
        let events = folder + "/events.ndjson"
        let lines = text(events).split(separator: "\n")
        let gap = #"{"kind":"gap","count":1,"reason":"a test"}"#
        try Data(([lines[0], Substring(gap)] + lines[2...]).map { $0 + "\n" }.joined().utf8)
            .write(to: URL(filePath: events))
        let xml = program.directory.file("replay.xml")
        let run = TestProgram.run(["replay", folder, "--junit", xml])
        #expect(run.status == 3)
        #expect(
            run.output
                == "1 replayed, 1 identical, 0 different, 1 not replayed: the recording has a hole at number 3\n"
        )
        #expect(text(xml).contains(#"tests="2" failures="0" errors="0" skipped="1""#))
        #expect(
            text(xml).contains("<skipped message=\"Not replayed: the recording has a hole at number 3\"/>"))
        let json = TestProgram.run(["replay", folder, "--json"])
        #expect(json.status == 3)
        #expect(json.object["complete"] == .bool(false) && json.object["hole"] == .integer(3))
        // What is chosen has all been tried; a difference counts for more.
        #expect(TestProgram.run(["replay", folder, "--to", "1"]).status == 0)
        try change(events, #""greeting":"Hello Ada"#, #""greeting":"Bye Ada"#)
        #expect(TestProgram.run(["replay", folder]).status == 1)
        let update = TestProgram.run(["replay", folder, "--update"])
        #expect(update.output == "1 replayed, 1 updated, 1 dropped\n" && update.status == 3)
        #expect(TestProgram.run(["replay", folder]).status == 0)
    }

    @Test func theList_showsWhatThereIs() throws {
        let program = try TestProgram()
        let folder = recorded(program, extra: "\n" + event("e\\u001b4", "X", as: "player_2"))
        let list = TestProgram.run(["replay", folder, "--list"])
        #expect(list.status == 0)
        let lines = list.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines[0] == ["#", "TIME", "FUNCTION", "TRIGGER", "STATUS", "MS", "PLAYER", "ID"])
        #expect(lines.count == 5)
        #expect(lines[1].prefix(5) == ["1", "2026-01-01T00:00:00.000Z", "greet", "direct", "200"])
        #expect(lines[1].suffix(2) == ["player_1", "e1"])
        #expect(lines[3][4] == "429")
        #expect(!list.output.contains("\u{1b}"))
        let json = TestProgram.run(["replay", folder, "--list", "--json", "--only", "e2"])
        guard case .array(let found)? = json.object["invocations"], case .object(let first)? = found.first
        else {
            Issue.record("no list: \(json.output)")
            return
        }
        #expect(found.count == 1)
        #expect(first["id"] == .string("e2") && first["position"] == .integer(2))
        #expect(first["status"] == .integer(200) && first["player"] == .string("player_1"))
        let wrong = TestProgram.run(["replay", folder, "--list", "--only", "gret"])
        #expect(wrong.status == 2 && wrong.error.contains("did you mean 'greet'?"))
        #expect(TestProgram.run(["replay", folder, "--list", "--update"]).status == 2)
    }

    @Test func theJUnitReport_isXML_whateverStandsInIt() throws {
        let program = try TestProgram()
        let folder = recorded(program)
        try change(folder + "/events.ndjson", #""greeting":"Hello Ada"#, #""greeting":"<&\"]]>\u001b"#)
        let xml = program.directory.file("replay.xml")
        let run = TestProgram.run(["replay", folder, "--junit", xml])
        #expect(run.status == 1 && run.error.contains("Report: \(xml)"))
        let report = text(xml)
        #expect(report.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "))
        #expect(report.contains(#"tests="3" failures="1" errors="0" skipped="0""#))
        #expect(report.contains("<testcase classname=\"greet\" name=\"#2 e2 (direct)\" time=\"0."))
        #expect(report.contains(#"<failure type="difference" message="answer.body.greeting differs">"#))
        #expect(report.contains("&lt;&amp;") && !report.contains("<&"))
        #expect(report.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
        let hostile = JUnitReport.Case(
            ReplayReport.Entry(
                position: 1, function: "f", id: "\u{0}<\u{fffe}\"&\n", trigger: "http",
                at: .init(milliseconds: 0), status: 200, recorded: .zero, replayed: .zero, differences: []))
        let strange = JUnitReport(
            name: "a&b", at: .init(milliseconds: 0), cases: [hostile], remarks: ["1 < 2"]
        )
        .xml()
        #expect(strange.contains("#1 \u{fffd}&lt;\u{fffd}&quot;&amp;&#10; (http)"))
        #expect(strange.contains("<system-out>1 &lt; 2</system-out>"))
    }

    @Test func anotherManifest_settles() throws {
        let program = try TestProgram()
        let folder = recorded(program, environment: ["GREET_RATE": "2/minute", "API_TOKEN": "s3cret-s3cret"])
        let other = program.directory.file("other.yaml")
        try program.file(
            "other.yaml",
            TestProgram.manifest.replacing("rate: 2/minute", with: "rate: ${GREET_RATE:-1/minute}"))
        let first = TestProgram.run(
            ["replay", folder, "--update", "--manifest", other], environment: ["GREET_RATE": "9/minute"])
        #expect(first.status == 0 && first.output == "3 replayed, 1 updated, 0 dropped\n")
        // The recording's own from now on, with the variable as it was.
        let second = TestProgram.run(["replay", folder])
        #expect(second.output == "3 replayed, 3 identical, 0 different\n")
        let third = TestProgram.run(["replay", folder, "--update", "--manifest", other])
        #expect(third.output == "3 replayed, 0 updated, 0 dropped\n")
        #expect(text(folder + "/functions.yaml").contains("GREET_RATE"))
        #expect(text(folder + "/recording.json").contains(#""GREET_RATE":"9/minute""#))
    }

    @Test func aFork_printsACommandThatRuns() throws {
        let program = try TestProgram()
        let folder = recorded(program)
        let store = program.directory.file("it's a fork.db")
        let fork = TestProgram.run(["replay", folder, "--fork", "2", "--store", store])
        #expect(fork.status == 0)
        #expect(fork.output.hasSuffix("--manifest \(folder)/functions.yaml\n"))
        #expect(fork.output.contains(#"it'\''s a fork.db'"#))
        let other = program.directory.file("other.db")
        let json = TestProgram.run(["replay", folder, "--fork", "e2", "--store", other, "--json"])
        guard case .array(let command)? = json.object["command"] else {
            Issue.record("no command: \(json.output)")
            return
        }
        let words = command.compactMap { if case .string(let word) = $0 { word } else { nil } }
        let run = TestProgram.run(Array(words.dropFirst()))
        #expect(run.object["greeting"] == .string("Hello Rin from player_1"))
        #expect(run.object["count"] == .integer(2))
        #expect(TestProgram.run(["replay", folder, "--fork", "2", "--update"]).status == 2)
    }

    @Test func aVariableThatIsOnlyCalledLikeASecret_isKept_andTheManifestIsRead() throws {
        let program = try TestProgram(
            manifest: TestProgram.manifest.replacing(
                "rate: 2/minute", with: "rate: ${STORY_TOKENS:-1/minute}"
            )
            .replacing("http: POST /greet", with: "http: POST ${HOOK_SECRET:-/greet}")
            .replacing("issuer: gestaloka", with: "issuer: ${ISSUER_TOKEN:-gestaloka}")
            .replacing("audience: gestaloka", with: "audience: ${AUDIENCE_TOKEN:-gestaloka}"))
        let secrets = [
            "HOOK_SECRET": "/hook/9f86d081884c7d65", "ISSUER_TOKEN": "issuer-9f86d081",
            "AUDIENCE_TOKEN": "audience-9f86d081",
            "SECRET_KEY": String(repeating: "0123456789abcdef", count: 2),
        ]
        let folder = recorded(program, environment: secrets.merging(["STORY_TOKENS": "2/minute"]) { $1 })
        let run = TestProgram.run(["replay", folder])
        #expect(run.output == "3 replayed, 3 identical, 0 different\n" && run.status == 0, "\(run.error)")
        let header = text(folder + "/recording.json")
        #expect(header.contains(#""STORY_TOKENS":"2/minute""#))
        for secret in secrets.values {
            #expect(!header.contains(secret) && !text(folder + "/functions.yaml").contains(secret))
        }
    }

    @Test func optionsThatSayNothing_areRefusedForAFileOfEvents() throws {
        let program = try TestProgram()
        try program.file("events.json", event("e1", "Ada"))
        for option in [["--list"], ["--mask", "x"], ["--junit", "x.xml"]] {
            let run = TestProgram.run(["replay", program.directory.file("events.json")] + option)
            #expect(run.status == 2 && run.error.contains("needs a recording"))
        }
    }

    @Test(arguments: [
        (
            #""type":"app.gestaloka.http","httpmethod":"PUT","httppath":"/x""#,
            "is 'PUT /x', to which the manifest"
        ),
        (
            #""type":"app.gestaloka.socket","socketevent":"a\u001b","connectionid":"c","hostid":"h""#,
            "is the socket event 'a\u{fffd}', to which the manifest"
        ),
        (
            #""type":"app.gestaloka.queue","queue":"q","queuegroup":"""#,
            "is for the queue 'q', to which the manifest"
        ),
        (#""type":"com.example.made""#, "says no route, so that no function is its own"),
    ])
    func anEventThatNoFunctionIsBoundTo_isNamedWithItsRoute(_ members: String, _ reason: String) throws {
        let program = try TestProgram()
        try program.file(
            "events.json",
            #"{"specversion":"1.0","id":"e\u001b1","source":"/x","time":"2026-01-01T00:00:00Z",\#(members)}"#)
        let file = program.directory.file("events.json")
        let run = program("replay", file)
        #expect(run.status == 2)
        #expect(run.error.contains("\(file): the event 'e\u{fffd}1' \(reason)"), "\(run.error)")
    }
}
