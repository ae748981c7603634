/// What a replay gave.
public struct ReplayResult: Sendable {
    /// In the recorded order.
    public internal(set) var invocations: [ReplayedInvocation] = []
    /// Where the recording is not whole, for people.
    public let remarks: [String]
    /// Invocations that were not replayed, because something before them is missing.
    public let beyond: Int
    /// Jobs that were given back: the place in the recording, and the replay's number.
    var returns: [(index: Int, number: Int64)] = []

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
    }

    /// Whether the replay gave the same, to the byte.
    public var isIdentical: Bool { answer == recorded.answer && unit == recorded.unit && log == recorded.log }

    /// Where the replay gave something else, field by field.
    public var differences: [Difference] {
        guard !isIdentical else { return [] }
        return Difference.between(recorded.answer, answer, at: "answer")
            + Difference.between(recorded.unit, unit, at: "unit")
            + Difference.between(recorded.log, log, at: "log")
    }
}
