internal import Engine
internal import Ledger

/// What a replay gave.
public struct ReplayResult: Sendable {
    /// In the recorded order.
    public internal(set) var invocations: [ReplayedInvocation] = []
    /// Where the recording is not whole, for people.
    public let remarks: [String]
    /// Invocations that were not replayed, because something before them is missing.
    public let beyond: Int
    /// The first number of the store's order that is not in the recording, where the replay ended.
    public let hole: Int64?
    /// Jobs that were given back: the place in the recording, and the replay's numbers of that and of a claim of its own.
    var returns: [(index: Int, number: Int64, lease: Int64?)] = []

    /// Other commands' writes likewise.
    var writes: [(index: Int, admission: Int64, commit: Int64?)] = []
    /// Recorded numbers in order, and the replay's own at each.
    var numbers = ReplayNumbers()

    /// Whether the replay got to the end of the recording.
    public var isComplete: Bool { hole == nil && beyond == 0 }

    init(remarks: [String], beyond: Int, hole: Int64?) {
        self.remarks = remarks
        self.beyond = beyond
        self.hole = hole
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
        // Nothing is said of what a function said that is not run again; older recordings have it.
        log = recorded.taken.hasNoPlace ? recorded.log : line.part(recorded.log) { $0.writeLog(record) }
        // By bytes: equal strings may have different ones.
        isIdentical =
            answer.utf8.elementsEqual(recorded.answer.utf8) && unit.utf8.elementsEqual(recorded.unit.utf8)
            && log.utf8.elementsEqual(recorded.log.utf8)
    }

    /// Whether the replay gave the same, to the byte.
    public let isIdentical: Bool

    /// Where the replay gave something else, field by field; but for fields that do not count.
    public func differences(masking mask: DifferenceMask = DifferenceMask()) -> [Difference] {
        guard !isIdentical else { return [] }
        let places = parts.flatMap { Difference.between($0.recorded, $0.replayed, at: $0.name) }
        guard !places.isEmpty else { return textDifferences }
        return mask.isEmpty
            ? places
            : parts.flatMap { Difference.between($0.recorded, $0.replayed, at: $0.name, masking: mask) }
    }

    /// All of them.
    public var differences: [Difference] { differences() }

    private var parts: [(recorded: String, replayed: String, name: String)] {
        [(recorded.answer, answer, "answer"), (recorded.unit, unit, "unit"), (recorded.log, log, "log")]
    }

    /// Blanks, escapes or the order of members: the same values in other bytes.
    private var textDifferences: [Difference] {
        parts.filter { !$0.recorded.utf8.elementsEqual($0.replayed.utf8) }.map {
            Difference(path: $0.name + " (its text)", recorded: $0.recorded, replayed: $0.replayed)
        }
    }
}
