internal import LocalHost

/// What a service manager is told of the workers (sd_notify(3)): that they serve, what they do, that they stop; and again
/// and again that they answer, if it wants to know.
struct SupervisorNotices {
    private let manager: ServiceManager?
    /// How often it is told that the workers answer; nil: it does not ask.
    private let period: Duration?
    /// Who has said nothing for longer does not answer.
    private let patience: Duration
    /// When it is to be told again.
    private var next: Duration = .zero
    /// It should have been told, but somebody does not answer.
    private var isHeld = false
    private let address: String

    /// `sign` is how often workers say that they serve; `address` is where.
    init(to manager: ServiceManager?, sign: Duration, address: String) {
        self.manager = manager
        self.address = address
        // sd_watchdog_enabled(3) recommends half of the time.
        period = manager?.watchdog.map { $0 / 2 }
        patience = max(period ?? .zero, sign * 2)
    }

    /// When `passed` has something to do. A worker that answers again is news by itself.
    var nextDeadline: Duration? { isHeld || period == nil ? nil : next }

    /// Tells that time has passed and that all answer, where that is due.
    mutating func passed(to now: Duration, _ supervisor: Supervisor) throws {
        guard let period, now >= next else { return }
        isHeld = !supervisor.isAnswering(at: now, within: patience)
        if isHeld { return }
        next = now + period
        try manager?.tell(["WATCHDOG=1"])
    }

    /// Tells what the workers do; `stopTime` is how long they may take to stop.
    func tell(_ action: Supervisor.Action, stopTime: Duration) throws {
        switch action {
        case .announce: try manager?.tell(["READY=1", "STATUS=Serving on \(address)"])
        case .reportReturn: try manager?.tell(["STATUS=Serving on \(address)"])
        case .reportEnd(let worker, _, let again):
            let fate = again == nil ? "did not start" : "has ended and is started again"
            try manager?.tell(["STATUS=Worker \(worker) \(fate)"])
        case .stop:
            let microseconds = stopTime / .microseconds(1)
            try manager?.tell([
                "STOPPING=1", "STATUS=Stopping: finishing what is in flight",
                "EXTEND_TIMEOUT_USEC=\(Int64(microseconds))",
            ])
        case .start, .takeOut, .endSilent, .kill, .finish, .follow: break
        }
    }
}
