import FoundationEssentials
import TestSupport
import Testing

@testable import Functions
@testable import Manifest
@testable import Observability
@testable import Recording
import Runtime

@Suite struct RecordingTests {
    @Test func header_isRead() throws {
        let recording = try RecordingFolder([RecordingFolder.line(), RecordingFolder.end], number: 41)
            .recording()
        #expect(recording.number == 41)
        #expect(recording.program == "gestaloka 1")
        #expect(recording.startedAt == TestRuntime.start)
        #expect(recording.environment["A"] == "1")
        #expect(recording.environment["SECRET_KEY"]?.utf8.count == Settings.minimumKeyLength)
        #expect(recording.redacted == ["email"])
        #expect(recording.remarks.isEmpty)
        #expect(recording.invocations.count == 1)
    }

    @Test func newerVersion_isRefused_withWhatToDo() throws {
        let folder = try RecordingFolder([RecordingFolder.line()], version: 5)
        #expect(
            folder.refusal()
                == "\(folder.path): the recording has format version 5; this version of the software reads up to 4: use a newer one"
        )
        // A newer header may have members that this version cannot read.
        try folder.write(#"{"format":"gestaloka-recording","version":7,"number":"many"}"#, "recording.json")
        #expect(folder.refusal().contains("format version 7"))
    }

    @Test func otherFolders_areNoRecordings() throws {
        let folder = try RecordingFolder()
        for (json, problem) in [
            (#"{"format":"other","version":1}"#, "is not that of a recording"), ("", "cannot be read"),
            ("[]", "cannot be read"), (#"{"format":"gestaloka-recording","version":1}"#, "cannot be read"),
            (
                #"{"format":"gestaloka-recording","version":1,"program":"g","started_at":"today","number":0,"environment":{},"withheld":[],"redacted":[]}"#,
                "started_at is no RFC 3339 time"
            ),
            (
                #"{"format":"gestaloka-recording","version":1,"program":"g","started_at":"2026-01-01T00:00:00Z","number":9223372036854775807,"environment":{},"withheld":[],"redacted":[]}"#,
                "number is out of range"
            ),
            (
                #"{"format":"gestaloka-recording","version":1,"program":"g","started_at":"2026-01-01T00:00:00Z","number":-1,"environment":{},"withheld":[],"redacted":[]}"#,
                "number is out of range"
            ),
        ] {
            try folder.write(json, "recording.json")
            #expect(folder.refusal().hasPrefix(folder.path + ": recording.json"), "\(json)")
            #expect(folder.refusal().contains(problem), "\(json): \(folder.refusal())")
        }
    }

    @Test func missingFiles_areNamed() throws {
        let folder = try RecordingFolder()
        try FileManager.default.removeItem(atPath: folder.directory.file("events.ndjson"))
        #expect(folder.refusal() == "\(folder.path): events.ndjson is missing")
        try FileManager.default.removeItem(atPath: folder.directory.file("recording.json"))
        #expect(folder.refusal().contains("recording.json is missing"))
        #expect(throws: RecordingError.self) { try Recording(folder: folder.path + "/none") }
    }

    @Test func parts_areReadInOrder_upToTheFirstThatIsMissing() throws {
        let folder = try RecordingFolder([RecordingFolder.line("a")])
        try folder.write(RecordingFolder.line("b") + "\n", "events-2.ndjson")
        try folder.write(RecordingFolder.line("c") + "\n" + RecordingFolder.end + "\n", "events-3.ndjson")
        try folder.write(RecordingFolder.line("x") + "\n", "events-5.ndjson")
        let recording = try folder.recording()
        #expect(recording.invocations.map(\.event.id) == ["a", "b", "c"])
        #expect(recording.invocations.map(\.position) == [1, 2, 3])
    }

    @Test func halfALine_isACut_atEveryByte() throws {
        let (first, second) = (RecordingFolder.line("a") + "\n", Array(RecordingFolder.line("b").utf8))
        let folder = try RecordingFolder()
        for length in stride(from: 1, to: second.count, by: 7) + [second.count] {
            try folder.write(Array(first.utf8) + second[..<length], "events.ndjson")
            let recording = try folder.recording()
            #expect(recording.invocations.map(\.event.id) == ["a"])
            #expect(
                recording.remarks == [
                    "events.ndjson:2: the last line is not whole and is left out",
                    "the recording was cut off: it has no end",
                ])
        }
        try folder.write(first, "events.ndjson")
        #expect(try folder.recording().remarks == ["the recording was cut off: it has no end"])
    }

    @Test func gapsAndTheEnd_areRemarks() throws {
        let folder = try RecordingFolder([
            RecordingFolder.line("a"), #"{"kind":"gap","count":3,"reason":"it could not keep up"}"#,
            #"{"kind":"later than this version"}"#, "", RecordingFolder.line("b"),
            #"{"kind":"end","reason":"limit"}"#,
        ])
        let recording = try folder.recording()
        #expect(recording.invocations.count == 2)
        #expect(
            recording.remarks == [
                "after invocation 1: 3 invocations are missing (it could not keep up)",
                "the recording ended early: limit",
            ])
    }

    @Test(arguments: [
        ("nonsense", "the line is not a JSON object"), ("[]", "the line is not a JSON object"),
        ("{}", "'kind' is missing"), (#"{"kind":1}"#, "'kind' must be a string"),
        (#"{"kind":"invocation"}"#, "'function' is missing"),
        (RecordingFolder.line(admission: -1), "'admission' must be a whole number"),
        (RecordingFolder.line(admission: .max), "'admission' must be a whole number"),
        (RecordingFolder.line(commit: 3, numbers: 0), "'numbers' is out of range"),
        (RecordingFolder.line(commit: 3, numbers: 4), "'numbers' is out of range"),
        (RecordingFolder.line(taken: "{}"), "'seed' is missing"),
        (RecordingFolder.line(taken: #"{"seed":"xyz"}"#), "'seed' must be a hexadecimal number"),
        (RecordingFolder.line(taken: #"{"seed":1}"#), "'seed' must be a string"),
        (RecordingFolder.line(taken: #"{"seed":"1","texts":[]}"#), "'texts' must be an object"),
        (RecordingFolder.line(taken: #"{"seed":"1","texts":{"a":[[1]]}}"#), "'texts' must hold pairs"),
        (RecordingFolder.line(taken: #"{"seed":"1","texts":{"a":[[1e99,"x"]]}}"#), "'texts' must hold pairs"),
        (
            RecordingFolder.line(
                taken: #"{"seed":"1","claim":{"queue":"q","group":"g","lease":1,"jobs":0}}"#),
            "'claim' has no lease"
        ),
        (
            RecordingFolder.line(taken: #"{"seed":"1","claim":{"group":"g","lease":1,"jobs":1}}"#),
            "'queue' is missing"
        ),
        (RecordingFolder.line().replacing(#""status":200"#, with: #""state":1"#), "'answer' has no status"),
        (RecordingFolder.line().replacing("0.25", with: "1e400"), "'duration' must be a number"),
        (RecordingFolder.line().replacing(#""specversion":"1.0","#, with: ""), "'event': "),
        (#"{"kind":"return","queue":"q"}"#, "'number' is missing"),
        (#"{"kind":"return","number":1,"queue":"q","group":"g","fate":"wait","at":"noon"}"#, "'at' must be"),
        (
            #"{"kind":"return","number":1,"queue":"q","group":"g","fate":"lost","at":"2026-01-01T00:00:00Z"}"#,
            "'fate' must be"
        ),
        (
            #"{"kind":"return","number":1,"queue":"q","group":"g","fate":"bury","at":"2026-01-01T00:00:00Z"}"#,
            "'reason' is missing"
        ),
        (#"{"kind":"gap","count":1}"#, "'reason' is missing"),
    ])
    func malformedLine_isNamed_withFileAndLine(line: String, problem: String) throws {
        let folder = try RecordingFolder([RecordingFolder.line()])
        try folder.write(RecordingFolder.line() + "\n" + line + "\n", "events-2.ndjson")
        #expect(
            folder.refusal().hasPrefix("\(folder.path)/events-2.ndjson:2: \(problem)"), "\(folder.refusal())")
    }

    @Test func line_thatIsNotUTF8_isNamed() throws {
        let folder = try RecordingFolder()
        try folder.write([0x7b, 0xff, 0x7d, 0x0a], "events.ndjson")
        #expect(folder.refusal() == "\(folder.path)/events.ndjson:1: the line is not UTF-8")
    }

    @Test func mutatedLines_neverTrap_norDoesTheirPlan() throws {
        let seed: UInt64 = 0x5eed_0002
        var random = SeededRandom(seed: seed)
        let telling = Array(#"0123456789-+.eE{}[]":,\ntu/"#.utf8) + [0x00, 0x0a, 0x7f, 0x80, 0xff]
        let lines = [
            RecordingFolder.line("a", admission: 1, commit: 2),
            RecordingFolder.line(
                "b", admission: 3, commit: 8, numbers: 4,
                unit: #"{"reads":[{"journal":"s","up_to":3}],"writes":[]}"#),
            RecordingFolder.line(
                "c", admission: 4,
                taken:
                    #"{"seed":"1f","busy":true,"fault":"io","fault_code":10,"texts":{"m":[[0.5,"x"]]},"claim":{"queue":"q","group":"g","lease":9,"jobs":2}}"#
            ),
            #"{"kind":"return","number":10,"queue":"q","group":"g","fate":"bury","at":"2026-01-01T00:00:00Z","reason":"x"}"#,
            #"{"kind":"gap","count":3,"reason":"x"}"#, RecordingFolder.end,
        ]
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        let folder = try RecordingFolder()
        var readable = 0
        for round in 0..<1_500 {
            var mutated = bytes
            for _ in 0...random.next() % 3 {
                let index = Int(random.next() % UInt64(mutated.count))
                switch random.next() % 4 {
                case 0: mutated[index] = telling[Int(random.next() % UInt64(telling.count))]
                case 1: mutated.remove(at: index)
                case 2: mutated.insert(telling[Int(random.next() % UInt64(telling.count))], at: index)
                default: mutated.insert(contentsOf: Array("9007199254740991".utf8), at: index)
                }
            }
            try folder.write(mutated, "events.ndjson")
            do {
                let recording = try Recording(folder: folder.path)
                readable += 1
                let plan = ReplayPlan(recording)
                #expect(plan.beyond.count <= recording.invocations.count)
                for invocation in recording.invocations { _ = invocation.journalReads() }
            } catch {
                #expect(
                    error.description.hasPrefix(folder.path + "/events.ndjson:"),
                    "seed \(seed), round \(round)")
            }
        }
        #expect(readable > 50)
    }
}

private func + (strides: StrideTo<Int>, more: [Int]) -> [Int] { Array(strides) + more }
