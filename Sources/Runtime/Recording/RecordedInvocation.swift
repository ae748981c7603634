internal import Base
public import Engine
internal import FoundationEssentials
public import Functions

/// One invocation as it stands in a recording.
public struct RecordedInvocation: Sendable {
    /// Its place among the recording's invocations, from 1.
    public private(set) var position: Int
    /// The function's name in the manifest.
    public let function: String
    /// The event: claims as they were verified, addresses hashed, tokens left out.
    public let event: Event
    /// What it took from outside.
    public let taken: Taken
    /// The number of its admission in the store's one order; none where that was before the recording's snapshot.
    public private(set) var admission: Int64?
    /// The last number that its commit took.
    public let commit: Int64?
    /// How many numbers its commit took.
    public let numbers: Int64
    /// The HTTP status of the answer.
    public let status: Int
    /// From the event's arrival to the answer.
    public let duration: Duration
    /// The answer, `{"status":…,"body":…}`.
    public let answer: String
    /// The unit of work, `{"reads":[…],"writes":[…]}`.
    public let unit: String
    /// What it said in its log line.
    public let log: String
    /// The event, a CloudEvent 1.0 in JSON format.
    public let cloudEvent: String
    /// What it took from outside, as JSON.
    let takenJSON: String

    /// The answer's body, JSON text; empty for none.
    public var body: String {
        JSONScanner.values(of: ["body"], in: answer, depth: RecordingFormat.depth)?[0] ?? ""
    }

    /// Whether the body is the array of an acknowledgement's arguments, and not the one that it has.
    public var answersList: Bool {
        JSONScanner.values(of: ["form"], in: answer, depth: RecordingFormat.depth)?[0] == #""arguments""#
    }
}

extension RecordedInvocation {
    /// Reads the members of a line.
    init(_ line: RecordingMembers, position: Int) throws(RecordingProblem) {
        self.position = position
        function = try line.text("function")
        admission = try line.number("admission")
        commit = try line.number("commit")
        numbers = try line.number("numbers") ?? 1
        guard numbers >= 1, numbers <= commit ?? .max else {
            throw RecordingProblem("'numbers' is out of range")
        }
        cloudEvent = try line.value("event")
        do {
            event = try Event(
                cloudEvent: Array(cloudEvent.utf8), limit: RecordingFormat.longestLine)
        } catch { throw RecordingProblem("'event': \(error)") }
        takenJSON = try line.value("taken")
        taken = try Taken(recorded: RecordingMembers(takenJSON, "taken"))
        answer = try line.value("answer")
        let answerMembers = try RecordingMembers(answer, "answer")
        guard let status = try answerMembers.number("status") else {
            throw RecordingProblem("'answer' has no status")
        }
        self.status = Int(clamping: status)
        unit = try line.value("unit")
        log = try line.value("log")
        duration = .seconds(try line.decimal("duration"))
    }

    /// The same in another place, of a recording that begins behind number `start`.
    func placed(at position: Int, after start: Int64) -> RecordedInvocation {
        var copy = self
        copy.position = position
        if let admission, admission <= start { copy.admission = nil }
        return copy
    }

    /// Whether it was admitted before the recording began: the snapshot has its admission.
    var wasAdmittedBefore: Bool { admission == nil && commit != nil }

    /// The last number that it took; nil where it took none.
    var number: Int64? { commit ?? admission }

    /// Up to which number the journals were read, by stream, in the order of the reads.
    func journalReads() -> [(stream: String, upTo: Int64)] {
        let reads = JSONScanner.values(of: ["reads"], in: unit, depth: RecordingFormat.depth)?[0]
        return (reads.flatMap { JSONScanner.elements(of: $0) } ?? []).compactMap { read in
            guard let members = try? RecordingMembers(read, "reads"),
                let stream = try? members.text("journal"),
                let upTo = try? members.number("up_to")
            else { return nil }
            return (stream, upTo)
        }
    }
}

/// What is wrong with a line of a recording.
struct RecordingProblem: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// The members of one JSON object of a recording, by name; their values still as JSON texts.
struct RecordingMembers {
    private let values: [String: String]

    init(_ json: String, _ name: String) throws(RecordingProblem) {
        guard let members = JSONScanner.members(of: json, depth: RecordingFormat.depth) else {
            throw RecordingProblem("\(name) is not a JSON object")
        }
        values = Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    subscript(name: String) -> String? { values[name] }

    func has(_ name: String) -> Bool { values[name] == "true" }

    func value(_ name: String) throws(RecordingProblem) -> String {
        guard let value = values[name] else { throw RecordingProblem("'\(name)' is missing") }
        return value
    }

    func text(_ name: String) throws(RecordingProblem) -> String {
        guard let text = try optionalText(name) else { throw RecordingProblem("'\(name)' is missing") }
        return text
    }

    func optionalText(_ name: String) throws(RecordingProblem) -> String? {
        guard let value = values[name] else { return nil }
        guard let text = JSONScanner.string(of: value) else {
            throw RecordingProblem("'\(name)' must be a string")
        }
        return text
    }

    /// The elements of an array; none where it is missing.
    func elements(_ name: String) throws(RecordingProblem) -> [String] {
        guard let value = values[name] else { return [] }
        guard let elements = JSONScanner.elements(of: value) else {
            throw RecordingProblem("'\(name)' must be an array")
        }
        return elements
    }

    func number(_ name: String) throws(RecordingProblem) -> Int64? {
        guard let value = values[name] else { return nil }
        guard let number = Int64(value), RecordingFormat.numbers.contains(number) else {
            throw RecordingProblem(
                "'\(name)' must be a whole number from 0 to \(RecordingFormat.numbers.upperBound)")
        }
        return number
    }

    func decimal(_ name: String) throws(RecordingProblem) -> Double {
        guard let number = Double(try value(name)), number.isFinite, abs(number) < 1e9 else {
            throw RecordingProblem("'\(name)' must be a number")
        }
        return number
    }
}
