internal import Net
internal import Glibc
internal import LocalHost
internal import Runtime

/// Runs the workers of `serve`, and does what the `Supervisor` says.
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
    /// How long workers may take to stop.
    private let patience: Duration
    private let log: Log
    private let platform: Platform
    /// What the line that says that all serve has beside the address.
    private let address: String
    private let fields: [(String, LogValue)]
    private var supervisor: Supervisor
    private var notices: SupervisorNotices
    private var processes: [Int: pid_t] = [:]
    private var end: End?

    /// How it came to an end.
    enum End {
        /// So many workers had not finished what they did.
        case stopped(unfinished: Int)
        /// The only one has said why it ended with this status.
        case told(status: Int32)
    }

    init(
        _ start: Start, group: WorkerGroup, signals: WorkerSignals, limits: HostLimits, log: Log,
        platform: Platform, manager: ServiceManager?, address: String, fields: [(String, LogValue)]
    ) {
        self.start = start
        self.group = group
        self.signals = signals
        self.log = log
        self.platform = platform
        self.address = address
        self.fields = fields
        patience = limits.drain * 2
        supervisor = Supervisor(workers: group.count, patience: patience, silence: limits.silence)
        notices = SupervisorNotices(to: manager, sign: limits.sign, address: address)
    }

    /// Serves until the process is asked to stop, or until the workers cannot be started.
    mutating func run() -> End {
        perform(supervisor.begin(at: platform.uptime()))
        while true {
            if let end { return end }
            let deadline = [supervisor.nextDeadline, notices.nextDeadline].compactMap(\.self).min()
            let patience = deadline.map { max(.zero, $0 - platform.uptime()) }
            SupervisorSpawn.wait(for: [signals.descriptor, group.readiness], atMost: patience)
            hear()
            while let signal = signals.next() {
                switch signal {
                case .stop: perform(supervisor.stopRequested(at: platform.uptime()))
                case .workerEnded: reap()
                }
            }
            perform(supervisor.passed(to: platform.uptime()))
            do { try notices.passed(to: platform.uptime(), supervisor) } catch { complain(error) }
        }
    }

    private mutating func hear() {
        for worker in group.announced() { perform(supervisor.serves(worker, at: platform.uptime())) }
    }

    /// One signal may stand for several ends.
    private mutating func reap() {
        for (worker, pid) in processes {
            guard let ending = SupervisorSpawn.end(of: pid) else { continue }
            processes[worker] = nil
            // What it has said before its end is not its successor's.
            hear()
            perform(supervisor.ended(worker, ending, at: platform.uptime()))
        }
    }

    /// A service manager that cannot be told takes nothing from those who are served.
    private func complain(_ error: any Error) {
        write(.warning, "The service manager could not be told", [("error", .string("\(error)"))])
    }

    private mutating func perform(_ actions: [Supervisor.Action]) {
        for action in actions {
            do { try notices.tell(action, stopTime: patience) } catch { complain(error) }
            switch action {
            case .start(let worker): launch(worker)
            case .takeOut(let worker): group.takeOut(worker)
            case .announce: write(.info, "Serving on \(address)", fields)
            case .reportEnd(let worker, let ending, let again): report(worker, ending, again: again)
            case .reportReturn(let worker):
                write(.info, "A worker serves again", [("worker", .integer(Int64(worker)))])
            case .endSilent(let worker): endSilent(worker)
            case .stop:
                write(.info, "Stopping: finishing what is in flight")
                group.stopListening()
                for pid in processes.values { kill(pid, SIGTERM) }
            case .kill:
                write(.warning, "Ending the workers that have not stopped")
                for pid in processes.values { kill(pid, SIGKILL) }
            case .finish(let unfinished): end = .stopped(unfinished: unfinished)
            case .follow(let status): end = .told(status: status)
            }
        }
    }

    /// Who looks into a worker with a debugger has it stand still.
    private func endSilent(_ worker: Int) {
        guard let pid = processes[worker], !SupervisorSpawn.isTraced(pid) else { return }
        write(
            .error, "A worker does not answer, and is ended",
            [("worker", .integer(Int64(worker))), ("pid", .integer(Int64(pid)))])
        kill(pid, SIGKILL)
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
