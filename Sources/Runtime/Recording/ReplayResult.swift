/// What a replay gave.
public struct ReplayResult: Sendable {
    /// In the recorded order.
    public internal(set) var invocations: [ReplayedInvocation] = []
    /// Where the recording is not whole, for people.
    public let remarks: [String]
    /// Invocations that were not replayed, because something before them is missing.
    public let beyond: Int
    /// Jobs that were given back: the place in the recording, and the replay's numbers of that and of a claim of its own.
    var returns: [(index: Int, number: Int64, lease: Int64?)] = []

    init(remarks: [String], beyond: Int) {
        self.remarks = remarks
        self.beyond = beyond
    }
}

/// One invocation, as recorded and as replayed.
public struct ReplayedInvocation: Sendable {
    /// As it was recorded.
    public let recorded: RecordedInvocation
    /// The HTTP status of the replay's answer.
    public let status: Int
    /// How long the replay took.
    public let duration: Duration
    /// The replay's own parts, where they differ from the recorded ones.
    let answer: String
    let unit: String
    let log: String
    let numbers: Int64
    let admission: Int64?
    let commit: Int64?
    let lease: Int64?

    init(
        recorded: RecordedInvocation, record: InvocationRecord, admission: Int64?, commit: Int64?,
        lease: Int64?,
        _ line: inout RecordLine
    ) {
        self.recorded = recorded
        status = record.outcome.status
        duration = record.duration
        self.admission = admission
        self.commit = commit
        self.lease = lease
        numbers = record.outcome.unit.numbers
        answer = line.part(recorded.answer) { $0.writeAnswer(record.outcome) }
        unit = line.part(recorded.unit) { $0.write(record.outcome.unit) }
        log = line.part(recorded.log) { $0.writeLog(record) }
        // By bytes: equal strings may have different ones.
        isIdentical =
            answer.utf8.elementsEqual(recorded.answer.utf8) && unit.utf8.elementsEqual(recorded.unit.utf8)
            && log.utf8.elementsEqual(recorded.log.utf8)
    }

    /// Whether the replay gave the same, to the byte.
    public let isIdentical: Bool

    /// Where the replay gave something else, field by field.
    public var differences: [Difference] {
        guard !isIdentical else { return [] }
        let parts = [
            (recorded.answer, answer, "answer"), (recorded.unit, unit, "unit"), (recorded.log, log, "log"),
        ]
        let places = parts.flatMap { Difference.between($0, $1, at: $2) }
        guard places.isEmpty else { return places }
        // Blanks, escapes or the order of members: the same values in other bytes.
        return parts.filter { !$0.0.utf8.elementsEqual($0.1.utf8) }.map {
            Difference(path: $2 + " (its text)", recorded: $0, replayed: $1)
        }
    }
}
