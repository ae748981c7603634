/// Leaves a model alone for a while that failed several times in a row, and then tries it with one request. Pure: time
/// comes in, as the platform's uptime.
struct CircuitBreaker: Equatable {
    /// Whether requests go through.
    enum State: Equatable {
        /// They do; so many failed in a row.
        case closed(failures: Int)
        /// None does until a time; it was shut for so long.
        case open(until: Duration, wait: Duration)
        /// One is on its way, which decides.
        case halfOpen(wait: Duration)
    }

    struct Limits: Equatable {
        /// Failures in a row that open it.
        var failures = 5
        /// How long it stays open at first; twice as long each time the trial fails.
        var wait = Duration.seconds(15)
        /// The longest that it stays open.
        var longestWait = Duration.seconds(120)
    }

    private(set) var state = State.closed(failures: 0)
    let limits: Limits

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether a request may go through now. Each one that may must be followed by exactly one of ``succeeded()``,
    /// ``failed(at:)`` and ``abandoned(at:)``.
    mutating func admits(at now: Duration) -> Bool {
        switch state {
        case .closed: return true
        case .halfOpen: return false
        case .open(let until, let wait):
            guard now >= until else { return false }
            state = .halfOpen(wait: wait)
            return true
        }
    }

    /// The model answered.
    mutating func succeeded() { state = .closed(failures: 0) }

    /// The model failed, for a reason of its own.
    mutating func failed(at now: Duration) {
        switch state {
        case .closed(let failures):
            if failures + 1 >= limits.failures {
                state = .open(until: now + limits.wait, wait: limits.wait)
            } else {
                state = .closed(failures: failures + 1)
            }
        case .halfOpen(let wait):
            let longer = min(wait * 2, limits.longestWait)
            state = .open(until: now + longer, wait: longer)
        // A request that began before it opened.
        case .open: break
        }
    }

    /// The request was given up before anything could be said of the model.
    mutating func abandoned(at now: Duration) {
        if case .halfOpen(let wait) = state { state = .open(until: now, wait: wait) }
    }
}
