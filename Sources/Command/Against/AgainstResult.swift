internal import Base
internal import Runtime

/// What a running host made of a recording's traffic.
struct AgainstResult: Sendable {
    /// What came of one event.
    struct Entry: Sendable {
        /// Its place in the recording, from 1.
        let position: Int
        let function: String
        let recordedStatus: Int
        /// The status of the answer; nil where there was none.
        var status: Int?
        /// From sending to the answer; for `$connect` from opening the connection.
        var latency: Duration?
        /// How long after its time it was sent.
        var late: Duration = .zero
        /// Where the answer differs, ids and times masked.
        var differences: [Difference] = []
        /// Why it was not sent or not answered.
        var failure: TrafficFailure?

        /// What there is to say of it.
        var verdict: Verdict {
            if failure != nil { return .failed }
            if status == nil { return .unanswered }
            return differences.isEmpty ? .identical : .different
        }
    }

    /// How an event went.
    enum Verdict: String, Sendable {
        case identical, different
        /// Sent, and has no answer: the end of a socket.
        case unanswered
        case failed
    }

    /// How many events went which way.
    struct Counts: Sendable, Equatable, Encodable {
        /// Those that were sent and, where there is an answer, answered.
        var sent = 0
        var identical = 0
        var different = 0
        var unanswered = 0
        var failed = 0

        init(_ entries: [Entry]) {
            for entry in entries {
                switch entry.verdict {
                case .identical: identical += 1
                case .different: different += 1
                case .unanswered: unanswered += 1
                case .failed: failed += 1
                }
            }
            sent = identical + different + unanswered
        }
    }

    /// The events of one function.
    struct FunctionSummary: Sendable {
        let function: String
        let counts: Counts
        let latency: LatencySummary
    }

    /// The host.
    let url: String
    /// One for each event, in the recording's order.
    let entries: [Entry]
    /// Jobs and direct events of the recording, which no client sends.
    let unsent: Int
    /// How many clients there were.
    let clients: Int
    /// Events that the host has sent to sockets.
    let delivered: Int
    /// From the first event to the last answer.
    let duration: Duration
    /// Of all events.
    let counts: Counts
    /// Of all answers.
    let latency: LatencySummary
    /// By function, in the order of their names.
    let functions: [FunctionSummary]

    init(url: String, entries: [Entry], unsent: Int, clients: Int, delivered: Int, duration: Duration) {
        self.url = url
        self.entries = entries
        self.unsent = unsent
        self.clients = clients
        self.delivered = delivered
        self.duration = duration
        counts = Counts(entries)
        latency = LatencySummary(entries.compactMap(\.latency))
        functions = Dictionary(grouping: entries, by: \.function).sorted { $0.key < $1.key }.map {
            name, entries in
            FunctionSummary(
                function: name, counts: Counts(entries),
                latency: LatencySummary(entries.compactMap(\.latency)))
        }
    }

    /// Whether every answer was the recorded one.
    var isIdentical: Bool { counts.different == 0 && counts.failed == 0 }

    /// Events a second.
    var rate: Double { duration > .zero ? Double(counts.sent) / duration.seconds : 0 }

    /// The most that an event was sent behind its time.
    var latest: Duration { entries.map(\.late).max() ?? .zero }
}

/// Percentiles of latencies, by the nearest rank: the least value that so many in a hundred do not exceed.
struct LatencySummary: Sendable, Equatable {
    let count: Int
    let p50: Duration
    let p90: Duration
    let p95: Duration
    let p99: Duration
    let max: Duration

    init(_ latencies: [Duration]) {
        let sorted = latencies.sorted()
        func rank(_ percent: Int) -> Duration {
            // ceil(percent / 100 * count), from 1.
            let rank = (sorted.count * percent + 99) / 100
            return sorted.isEmpty ? .zero : sorted[Swift.max(1, rank) - 1]
        }
        count = sorted.count
        p50 = rank(50)
        p90 = rank(90)
        p95 = rank(95)
        p99 = rank(99)
        max = sorted.last ?? .zero
    }
}
