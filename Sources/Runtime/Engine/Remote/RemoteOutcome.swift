internal import Base
internal import Functions
internal import Ledger
public import Observability

/// What came of a ``RemoteInvocation``, as a function's process tells its host: JSON.
public enum RemoteOutcome {
    private struct ProblemParts: Codable {
        let kind: String
        let status: Int
        let detail: String
        let pointers: [String]
        let details: [String]
        let retryAfter: Int64?
        let instance: String?

        init(_ problem: Problem) {
            (kind, status, detail) = (problem.kind.rawValue, problem.status, problem.detail)
            (pointers, details) = (problem.errors.map(\.pointer), problem.errors.map(\.detail))
            retryAfter = problem.retryAfter?.milliseconds
            instance = problem.instance
        }

        var problem: Problem? {
            guard let kind = Problem.Kind(rawValue: kind) else { return nil }
            var problem = Problem(
                kind, detail, status: status, errors: zip(pointers, details).map { InvalidInput($0, $1) },
                retryAfter: retryAfter.map { .milliseconds($0) })
            problem.instance = instance
            return problem
        }
    }

    private static let members = [
        "status", "form", "rate", "trace", "event", "repeated", "connected", "claims", "problem", "json",
        "counts",
    ]

    /// The text; written by hand, for there is one an invocation. What functions have counted meanwhile goes with it.
    public static func encoded(_ outcome: Outcome, counting metrics: Metrics? = nil) throws -> String {
        var text = #"{"status":\#(outcome.status)"#
        if outcome.form != .value { text += #","form":"\#(outcome.form.rawValue)""# }
        if let rate = outcome.rate {
            text += #","rate":[\#(rate.limit),\#(rate.remaining)"#
            text += #",\#(rate.window.milliseconds),\#(rate.resetAfter.milliseconds)]"#
        }
        if let trace = outcome.trace { text += #","trace":"\#(trace.traceparent)""# }
        if let event = outcome.answerEvent { text += #","event":"# + JSONScanner.quoted(event) }
        if outcome.isRepeated { text += #","repeated":true"# }
        if outcome.hasConnected {
            text += #","connected":true"#
            // Only a socket that is connected asks whose it is.
            if let claims = outcome.claims { text += #","claims":"# + (try JSON.encode(claims)) }
        }
        if let problem = outcome.problem {
            text += #","problem":"# + (try JSON.encode(ProblemParts(problem)))
        }
        if let counts = metrics?.takeCounts(), !counts.isEmpty {
            text += #","counts":"# + (try JSON.encode(counts))
        }
        return text + #","json":"# + (outcome.json.isEmpty ? "null" : outcome.json) + "}"
    }

    /// Reads what ``encoded(_:counting:)`` gives; nil for anything else.
    public static func outcome(_ bytes: [UInt8], countingTo metrics: Metrics? = nil) -> Outcome? {
        guard let text = String(validating: bytes, as: UTF8.self),
            let values = JSONScanner.values(of: members, in: text),
            let status = values[0].flatMap({ Int($0) }),
            (200...599).contains(status), let json = values[9]
        else { return nil }
        func word(_ index: Int) -> String? { values[index].flatMap { JSONScanner.string(of: $0) } }
        var outcome = Outcome(status: status, json: json)
        outcome.form = word(1).flatMap { DataForm(rawValue: $0) } ?? .value
        outcome.rate = values[2].flatMap(rate)
        outcome.trace = word(3).flatMap { TraceContext(traceparent: $0) }
        outcome.event = word(4)
        outcome.isRepeated = values[5] == "true"
        outcome.isConnected = values[6] == "true"
        outcome.claims = values[7].flatMap { try? JSON.decode(Claims.self, text: $0) }
        if let text = values[8] {
            guard let problem = (try? JSON.decode(ProblemParts.self, text: text))?.problem else { return nil }
            outcome.problem = problem
        }
        if let text = values[10], let metrics,
            let counts = try? JSON.decode([Metrics.Count].self, text: text)
        {
            metrics.add(counts)
        }
        return outcome
    }

    private static func rate(_ text: String) -> RateStatus? {
        let numbers = text.utf8.dropFirst().dropLast().split(separator: UInt8(ascii: ",")).compactMap {
            Int(Substring($0))
        }
        guard numbers.count == 4 else { return nil }
        return RateStatus(
            limit: numbers[0], window: .milliseconds(numbers[2]), remaining: numbers[1],
            resetAfter: .milliseconds(numbers[3]))
    }
}

extension Outcome {
    /// The name under which the caller's sockets get the answer; nil where they get none.
    public var answerEvent: String? {
        if let event { return event }
        for write in unit.writes {
            if case .emit(let emit) = write, emit.json == json { return emit.event }
        }
        return nil
    }

    /// Whether a connection was recorded: a socket that asked for that may be found in rooms.
    public var hasConnected: Bool {
        isConnected || unit.writes.contains { if case .connect = $0 { true } else { false } }
    }
}
