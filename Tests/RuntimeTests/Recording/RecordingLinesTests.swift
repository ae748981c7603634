import Testing

@testable import Recording
import Runtime

/// Several processes' parts become one recording.
@Suite struct RecordingLinesTests {
    /// Three invocations that overlap, one refused at its admission, and two more; numbers 1 to 9.
    private static let lines = [
        RecordingFolder.line("a", admission: 1, commit: 3),
        RecordingFolder.line("b", admission: 2, commit: 4),
        RecordingFolder.line("c", admission: 5),
        RecordingFolder.line("d", admission: 6, commit: 8, numbers: 2),
        RecordingFolder.line("e", admission: 9),
    ]

    private func folder(_ files: [[String]], number: Int64 = 0) throws -> RecordingFolder {
        let folder = try RecordingFolder(files[0], number: number, version: 4)
        for (index, lines) in files.enumerated().dropFirst() {
            try folder.write(lines.map { $0 + "\n" }.joined(), RecordingFormat.events(index + 1))
        }
        return folder
    }

    @Test func lines_haveOneOrder_howeverTheyAreSpread() throws {
        for choice in 0..<(1 << Self.lines.count) {
            var files: [[String]] = [[], []]
            for (index, line) in Self.lines.enumerated() { files[choice >> index & 1].append(line) }
            let recording = try folder(files.map { $0 + [RecordingFolder.end] }).recording()
            #expect(recording.invocations.map(\.event.id) == ["a", "b", "c", "d", "e"], "\(choice)")
            #expect(recording.invocations.map(\.position) == [1, 2, 3, 4, 5])
            #expect(recording.remarks.isEmpty)
            let plan = ReplayPlan(recording)
            #expect(plan.hole == nil && plan.beyond.isEmpty, "\(choice)")
        }
    }

    @Test func oneFile_keepsItsOrder() throws {
        let lines = [
            RecordingFolder.line("a", admission: 1, commit: 4),
            RecordingFolder.line("b", admission: 2, commit: 3),
            RecordingFolder.end,
        ]
        #expect(try folder([lines]).recording().invocations.map(\.event.id) == ["a", "b"])
        let other = [RecordingFolder.line("c", admission: 5), RecordingFolder.end]
        #expect(try folder([other, lines]).recording().invocations.map(\.event.id) == ["a", "b", "c"])
    }

    @Test func whatHasNoNumber_staysBehindTheLineAbove() throws {
        let first = [
            RecordingFolder.line("x"), RecordingFolder.line("a", admission: 3), RecordingFolder.line("y"),
            #"{"kind":"gap","count":2,"reason":"r"}"#, RecordingFolder.end,
        ]
        let second = [
            RecordingFolder.line("b", admission: 1, commit: 2), RecordingFolder.line("z"),
            RecordingFolder.line("c", admission: 4), RecordingFolder.end,
        ]
        let recording = try folder([first, second]).recording()
        #expect(recording.invocations.map(\.event.id) == ["b", "z", "x", "a", "y", "c"])
        #expect(recording.remarks == ["after invocation 5: 2 invocations are missing (r)"])
        #expect(ReplayPlan(recording).steps.map(\.number) == [2, 2, 2, 3, 3, 4])
    }

    @Test func aPartThatIsCut_endsTheReplayThere_atEveryByte() throws {
        let whole = [Self.lines[0], Self.lines[2], Self.lines[4], RecordingFolder.end]
        let (first, second) = (Array((Self.lines[1] + "\n").utf8), Array((Self.lines[3] + "\n").utf8))
        let folder = try folder([whole])
        for length in stride(from: 0, to: second.count, by: 9) + [second.count - 1] {
            try folder.write(first + second[..<length], "events-2.ndjson")
            let recording = try folder.recording()
            #expect(recording.invocations.map(\.event.id) == ["a", "b", "c", "e"])
            #expect(recording.remarks.last == "events-2.ndjson was cut off: it has no end")
            #expect(recording.remarks.count == (length == 0 ? 1 : 2))
            let plan = ReplayPlan(recording)
            #expect(plan.hole == 6 && plan.beyond == [3])
            #expect(plan.remarks[0].hasPrefix("numbers 6 to 8 of the store's order are not in the recording"))
        }
        try folder.write(first + second, "events-2.ndjson")
        #expect(ReplayPlan(try folder.recording()).hole == nil)
        // Before its process has written anything.
        try folder.write("", "events-2.ndjson")
        let recording = try folder.recording()
        #expect(recording.remarks == ["events-2.ndjson was cut off: it has no end"])
        #expect(ReplayPlan(recording).hole == 2)
    }

    @Test func aNumberInTwoParts_isRefused() throws {
        let giveBack =
            #"{"kind":"return","number":3,"queue":"q","group":"g","fate":"retry","at":"2026-01-01T00:00:00Z"}"#
        let write =
            #"{"kind":"write","by":"token","admission":2,"commit":4,"numbers":2,"at":"2026-01-01T00:00:00Z","unit":{"reads":[],"writes":[]}}"#
        let claim = RecordingFolder.line(
            "j", admission: 9,
            taken: #"{"seed":"1","claim":{"queue":"q","group":"g","lease":1,"jobs":1}}"#)
        for (line, number) in [
            (Self.lines[0], 1), (RecordingFolder.line("x", admission: 10, commit: 20, numbers: 18), 3),
            (giveBack, 3), (write, 3), (claim, 1),
        ] {
            let folder = try folder([
                [Self.lines[0], RecordingFolder.end], [line, RecordingFolder.end],
            ])
            #expect(
                folder.refusal()
                    == "\(folder.path): number \(number) of the store's order is in events.ndjson and in events-2.ndjson: these are not files of one recording",
                "\(line)")
        }
        // An admission may have been lost with its transaction, and its number given again.
        let lost = RecordingFolder.line("lost", admission: 1)
        let folder = try folder([[Self.lines[0]], [lost]])
        #expect(folder.refusal().isEmpty)
    }

    @Test func whatIsInTheSnapshot_isNoPart() throws {
        let files = [
            [RecordingFolder.line("late", admission: 5), RecordingFolder.end],
            [
                RecordingFolder.line("early", admission: 1, commit: 4), RecordingFolder.line("none"),
                RecordingFolder.end,
            ],
        ]
        #expect(try folder(files, number: 4).recording().invocations.map(\.event.id) == ["none", "late"])
        #expect(
            try folder(files, number: 3).recording().invocations.map(\.event.id) == ["early", "none", "late"])
        #expect(try folder(files, number: 3).recording().invocations.map(\.admission) == [nil, nil, 5])
    }

    @Test func whatIsBehindTheEnd_isNoPart_andNoHole() throws {
        let end = #"{"kind":"end","number":4,"reason":"stopped"}"#
        let folder = try folder([
            [RecordingFolder.line("a", admission: 1, commit: 2), end],
            [
                RecordingFolder.line("late", admission: 3, commit: 7),
                RecordingFolder.line("b", admission: 4),
                RecordingFolder.line("later", admission: 8), RecordingFolder.end,
            ],
        ])
        let recording = try folder.recording()
        #expect(recording.invocations.map(\.event.id) == ["a", "b"])
        #expect(recording.remarks.isEmpty)
        let plan = ReplayPlan(recording)
        #expect(plan.hole == nil && plan.beyond.isEmpty && plan.steps.count == 2)
    }

    @Test func everyEndThatIsNoStop_isTold_once() throws {
        let limit = #"{"kind":"end","reason":"limit"}"#
        let next = #"{"kind":"end","reason":"next"}"#
        let files = [
            [Self.lines[0], next], [Self.lines[1], limit], [Self.lines[2], limit], [Self.lines[3], next],
        ]
        #expect(try folder(files).recording().remarks == ["the recording ended early: limit"])
    }

    @Test func olderRecordings_haveAFileOfOthers() throws {
        let folder = try RecordingFolder([Self.lines[0], Self.lines[2], RecordingFolder.end], version: 3)
        try folder.write(Self.lines[1] + "\n", "others.ndjson")
        let recording = try folder.recording()
        #expect(recording.invocations.map(\.event.id) == ["a", "b", "c"] && recording.remarks.isEmpty)
    }
}
