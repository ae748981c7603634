internal import Net
internal import Glibc
internal import LocalHost
internal import Runtime

/// Runs the workers of `serve --workers N`, and does what the `Supervisor` says.
///
/// On the process's main thread, from beginning to end: the kernel tells a worker of the end of the *thread* that has
/// started it (prctl(2), PR_SET_PDEATHSIG).
struct SupervisorLoop {
    /// What a worker is started with.
    struct Start {
        let path: String
        let arguments: [String]
        let environment: [String: String]
    }

    private let start: Start
    private let group: WorkerGroup
    private let signals: WorkerSignals
    private let log: Log
    private let platform: Platform
    /// What the line that says that all serve has beside the address.
    private let address: String
    private let fields: [(String, LogValue)]
    private var supervisor: Supervisor
    private var processes: [Int: pid_t] = [:]
    private var unfinished: Int?

    init(
        _ start: Start, group: WorkerGroup, signals: WorkerSignals, patience: Duration, log: Log,
        platform: Platform, address: String, fields: [(String, LogValue)]
    ) {
        self.start = start
        self.group = group
        self.signals = signals
        self.log = log
        self.platform = platform
        self.address = address
        self.fields = fields
        supervisor = Supervisor(workers: group.count, patience: patience)
    }

    /// Serves until the process is asked to stop, or until the workers cannot be started. How many workers had not
    /// finished what they did.
    mutating func run() -> Int {
        perform(supervisor.begin(at: platform.uptime()))
        while true {
            if let unfinished { return unfinished }
            let patience = supervisor.nextDeadline.map { max(.zero, $0 - platform.uptime()) }
            SupervisorSpawn.wait(for: [signals.descriptor, group.readiness], atMost: patience)
            // A worker that says that it serves and ends at once has done both in this order.
            for worker in group.announced() { perform(supervisor.serves(worker)) }
            while let signal = signals.next() {
                switch signal {
                case .stop: perform(supervisor.stopRequested(at: platform.uptime()))
                case .workerEnded: reap()
                }
            }
            perform(supervisor.passed(to: platform.uptime()))
        }
    }

    /// One signal may stand for several ends.
    private mutating func reap() {
        for (worker, pid) in processes {
            guard let ending = SupervisorSpawn.end(of: pid) else { continue }
            processes[worker] = nil
            perform(supervisor.ended(worker, ending, at: platform.uptime()))
        }
    }

    private mutating func perform(_ actions: [Supervisor.Action]) {
        for action in actions {
            switch action {
            case .start(let worker): launch(worker)
            case .takeOut(let worker): group.takeOut(worker)
            case .announce: write(.info, "Serving on \(address)", fields)
            case .reportEnd(let worker, let ending, let again): report(worker, ending, again: again)
            case .reportReturn(let worker):
                write(.info, "A worker serves again", [("worker", .integer(Int64(worker)))])
            case .stop:
                write(.info, "Stopping: finishing what is in flight")
                group.stopListening()
                for pid in processes.values { kill(pid, SIGTERM) }
            case .kill:
                write(.warning, "Ending the workers that have not stopped")
                for pid in processes.values { kill(pid, SIGKILL) }
            case .finish(let unfinished): self.unfinished = unfinished
            }
        }
    }

    private mutating func launch(_ worker: Int) {
        let reason: String
        do {
            let (place, descriptors) = try group.place(of: worker)
            var environment = start.environment
            environment[WorkerPlace.variable] = place.description
            let started = SupervisorSpawn.start(
                start.path, start.arguments, environment: environment, inheriting: descriptors)
            switch started {
            case .success(let pid):
                processes[worker] = pid
                write(
                    .debug, "Worker started",
                    [("worker", .integer(Int64(worker))), ("pid", .integer(Int64(pid)))])
                return
            case .failure(let failure): reason = failure.description
            }
        } catch { reason = error.description }
        perform(supervisor.ended(worker, .failed(reason: reason), at: platform.uptime()))
    }

    private func report(_ worker: Int, _ ending: Supervisor.Ending, again: Duration?) {
        var fields: [(String, LogValue)] = [("worker", .integer(Int64(worker)))]
        switch ending {
        case .exited(let status): fields.append(("status", .integer(Int64(status))))
        case .killed(let signal): fields.append(("signal", .integer(Int64(signal))))
        case .failed(let reason): fields.append(("error", .string(reason)))
        }
        guard let again else {
            write(.error, "A worker did not start", fields)
            return
        }
        fields.append(("again_in_ms", .integer(Int64(again / .milliseconds(1)))))
        write(.warning, "A worker has ended", fields)
    }

    private func write(_ level: LogLevel, _ message: String, _ fields: [(String, LogValue)] = []) {
        log.write(level, message, fields, at: platform.now())
    }
}
