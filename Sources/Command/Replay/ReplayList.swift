internal import Base
internal import Runtime

/// `replay DIR --list`: the invocations of a recording, without running them.
struct ReplayList {
    private let invocations: [RecordedInvocation]
    private let remarks: [String]

    init(_ recording: Recording, _ selection: ReplaySelection) {
        invocations = recording.invocations.filter(selection.contains)
        remarks = recording.remarks
    }

    func print(_ program: Program, _ arguments: Arguments) throws -> Int32 {
        if arguments[Options.json] {
            program.console.output(
                try jsonText(Listing(invocations: invocations.map(Line.init), remarks: remarks)) + "\n")
        } else {
            program.console.output(table)
        }
        for remark in remarks { program.console.error("\(remark)\n") }
        return ExitStatus.done
    }

    private var table: String {
        let lines =
            [["#", "TIME", "FUNCTION", "TRIGGER", "STATUS", "MS", "PLAYER", "ID"]]
            + invocations.map { invocation in
                let line = Line(invocation)
                return [
                    String(line.position), line.time, line.function, line.trigger, String(line.status),
                    String(Int64((line.duration * 1_000).rounded())), line.player ?? "-", line.id,
                ].map(\.printable)
            }
        return TextTable.text(lines, numbers: [0, 4, 5])
    }

    private struct Listing: Encodable {
        let invocations: [Line]
        let remarks: [String]
    }

    /// One invocation, as `--json` has it, with the word that its readers know (`CallerWord`).
    private struct Line: Encodable {
        let position: Int
        let time: String
        let function: String
        let trigger: String
        let status: Int
        /// In seconds.
        let duration: Double
        let player: String?
        let id: String
        let admission: Int64?
        let commit: Int64?

        init(_ invocation: RecordedInvocation) {
            position = invocation.position
            time = invocation.event.time.rfc3339
            function = invocation.function
            trigger = invocation.event.trigger.description
            status = invocation.status
            duration = invocation.duration.seconds
            player = invocation.event.claims?.subject
            id = invocation.event.id
            admission = invocation.admission
            commit = invocation.commit
        }
    }
}
