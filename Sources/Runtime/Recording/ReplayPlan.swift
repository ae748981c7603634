internal import Engine

/// The recorded order of admissions, commits, claims and returns, as far as it is whole.
struct ReplayPlan {
    enum Step {
        /// The jobs of an invocation are leased to it.
        case claim(Int)
        /// An invocation begins; where `waits`, its function runs only at its commit.
        case begin(Int, waits: Bool)
        /// An invocation that waits goes on.
        case goOn(Int)
        /// Jobs are leased for which nothing is run before they are given back.
        case claimForReturn(Int)
        /// Jobs are given back.
        case giveBack(Int)
        /// Another command's writes begin, and are done.
        case beginWrite(Int)
        case endWrite(Int)
    }

    private(set) var steps: [(number: Int64, step: Step)] = []
    /// Invocations that are not replayed, because something before them is not in the recording.
    private(set) var beyond: Set<Int> = []
    private(set) var remarks: [String] = []
    /// The first number that nobody accounts for.
    private(set) var hole: Int64?

    init(_ recording: Recording) {
        let end = whole(recording)
        var last = recording.number
        for (index, invocation) in recording.invocations.enumerated() {
            let own = invocation.commit ?? invocation.admission ?? last
            guard own < end else {
                beyond.insert(index)
                continue
            }
            last = max(last, own)
            // What was claimed before the snapshot is there, as another's, and is claimed anew.
            if let claim = invocation.taken.claim {
                steps.append((max(claim.lease, recording.number), .claim(index)))
            }
            steps.append((invocation.admission ?? last, .begin(index, waits: invocation.commit != nil)))
            if let commit = invocation.commit { steps.append((commit, .goOn(index))) }
        }
        for (index, giveBack) in recording.returns.enumerated() where giveBack.number < end {
            if let claim = giveBack.claim {
                steps.append((max(claim.lease, recording.number), .claimForReturn(index)))
            }
            steps.append((giveBack.number, .giveBack(index)))
        }
        for (index, write) in recording.writes.enumerated() where write.commit ?? write.admission < end {
            steps.append((max(write.admission, recording.number), .beginWrite(index)))
            if let commit = write.commit { steps.append((commit, .endWrite(index))) }
        }
        // In the order of the recording where the numbers are the same.
        let order = steps.indices.sorted { (steps[$0].number, $0) < (steps[$1].number, $1) }
        steps = order.map { steps[$0] }
        joinNeighbours()
    }

    /// An invocation whose commit follows its admission need not wait.
    private mutating func joinNeighbours() {
        var joined: [(number: Int64, step: Step)] = []
        joined.reserveCapacity(steps.count)
        for (number, step) in steps {
            if case .goOn(let index) = step, let last = joined.last, case .begin(index, _) = last.step {
                joined[joined.count - 1] = (number, .begin(index, waits: false))
            } else {
                joined.append((number, step))
            }
        }
        steps = joined
    }

    /// The first number of which the recording does not say what it was for.
    private mutating func whole(_ recording: Recording) -> Int64 {
        var spans = recording.invocations.flatMap(\.spans)
        spans += recording.returns.flatMap(\.spans)
        spans += recording.writes.flatMap(\.spans) + recording.unfinished
        spans.sort { $0.lowerBound < $1.lowerBound }
        var next = recording.number + 1
        for span in spans where span.upperBound >= next && span.lowerBound <= recording.last {
            guard span.lowerBound <= next else {
                let missing = span.lowerBound - next
                remarks.append(
                    "number\(missing == 1 ? "" : "s") \(next)\(missing == 1 ? "" : " to \(span.lowerBound - 1)") of the store's order are not in the recording (a crash, a gap, or another process): the replay ends there"
                )
                hole = next
                return next
            }
            next = span.upperBound + 1
        }
        return .max
    }
}
