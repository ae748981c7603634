internal import Base
internal import Confinement
internal import Net
internal import Runtime

/// The instances of one function, and what waits for them.
///
/// Instances are started as there is work, up to as many as the manifest says; those that cannot start are tried again
/// later and later. What finds all busy waits, as long as it may.
final class InstancePool: InstanceOwner {
    /// The function, as the manifest has it by now.
    private(set) var entry: FunctionEntry
    private let core: HostCore
    private let transports: Transports
    private let tokens: InstanceTokens
    private let watch: ProcessWatch
    private let programs: InstancePrograms
    private var instances: [Instance] = []
    private var waiting: [InstanceTask] = []
    private var lastNumber = 0
    /// Counts the states of the program and the manifest.
    private var revision = 0
    private var delay = StartDelay()
    private var retry: TimerID?
    private var isStopping = false
    /// Who waits until no process is left.
    private var onEmpty: CheckedContinuation<Void, Never>?

    private var limits: HostLimits { core.limits }

    init(
        _ entry: FunctionEntry, _ transports: Transports, _ tokens: InstanceTokens, _ watch: ProcessWatch,
        _ programs: InstancePrograms
    ) {
        self.entry = entry
        core = transports.core
        self.transports = transports
        self.tokens = tokens
        self.watch = watch
        self.programs = programs
    }

    // MARK: Work

    func submit(_ task: InstanceTask) {
        guard task.isAwaited else { return }
        if isStopping {
            return task.end(.failed(Problem(.busy, "The host stops.", retryAfter: limits.retryAfter)))
        }
        if let free { return free.take(task) }
        if let fault = delay.fault, !hasInstance { return task.end(.failed(startProblem(fault))) }
        guard waiting.count < limits.waitingInvocations else {
            return task.end(
                .failed(Problem(.busy, "Many wait for this already.", retryAfter: limits.retryAfter)))
        }
        waiting.append(task)
        task.timer = core.loop.callLater(after: task.patience) { [weak self, weak task] in
            guard let self, let task, let index = waiting.firstIndex(where: { $0 === task }) else { return }
            waiting.remove(at: index)
            task.end(.failed(Problem(.busy, "All its processes are busy.", retryAfter: limits.retryAfter)))
        }
        grow()
    }

    /// Nobody waits for it any more: what has begun goes on until its time is over.
    func cancel(_ task: InstanceTask) {
        task.abandon()
        guard let index = waiting.firstIndex(where: { $0 === task }) else { return }
        waiting.remove(at: index)
        if let timer = task.timer { core.loop.cancel(timer) }
    }

    /// The free one that has least in hand, of these the first: the others become idle, and may go.
    private var free: Instance? {
        var best: Instance?
        for instance in instances where instance.isFree {
            if best.map({ instance.inHand.count < $0.inHand.count }) ?? true { best = instance }
        }
        return best
    }

    private var hasInstance: Bool { instances.contains { $0.phase != .ended && $0.phase != .leaving } }

    func asks(_ instance: Instance) {
        if instance.life.served == 0, instance.life.startTime != nil { hasStarted(instance) }
        recycle(instance)
        while instance.isFree, !waiting.isEmpty {
            let task = waiting.removeFirst()
            if let timer = task.timer { core.loop.cancel(timer) }
            instance.take(task)
        }
    }

    func ended(
        _ task: InstanceTask, on instance: Instance, _ reply: InstanceTask.Reply, fault: FunctionFault?
    ) {
        report(task, on: instance, reply, fault)
        if case .failed(let problem) = reply, let fault, programs.tellsErrors {
            task.end(.failed(Problem(problem.kind, problem.detail + " " + fault.words)))
        } else {
            task.end(reply)
        }
    }

    // MARK: Instances

    /// Starts as many as there is work for.
    private func grow() {
        guard !isStopping else { return }
        let present = instances.filter {
            $0.phase != .ended && $0.phase != .leaving && $0.revision == revision
        }
        let coming = present.count { $0.phase == .launching || $0.phase == .starting || $0.isBetweenEvents }
        let needed = (waiting.count + entry.instances.concurrency - 1) / entry.instances.concurrency
        // One that could not start is tried again, whether anybody asks or not.
        let retried = fault != nil && present.isEmpty ? 1 : 0
        let wanted = max(entry.instances.warm - present.count, needed - coming, retried)
        for _ in 0..<max(0, min(wanted, entry.instances.count - present.count)) { start() }
    }

    private func start() {
        guard core.now >= delay.until else { return plan(at: delay.until) }
        lastNumber += 1
        let instance: Instance
        let program: InstanceProgram
        do {
            instance = try Instance(
                "\(entry.name)-\(lastNumber)", of: entry, revision: revision, transports, tokens, owner: self)
            instances.append(instance)
        } catch { return hasFailed("\(error)") }
        do { program = try programs.program(entry) } catch { return instance.cannotRun("\(error)") }
        let start = ProcessStart(
            arguments: program.arguments, environment: environment(of: instance, program),
            directory: program.directory, temporaryParent: programs.temporaryParent,
            limits: ProcessLimits(entry.limits.process))
        let then = core.loop.callback {
            [weak self, weak instance] (result: Result<ConfinedProcess, ProcessStartError>) in
            guard let self, let instance else { return }
            core.turnBegins()
            switch result {
            case .success(let process):
                watch.add(process)
                instance.runs(process)
            case .failure(let error): instance.cannotRun(error.description)
            }
        }
        ConfinedProcess.start(start, then: then)
    }

    private func environment(of instance: Instance, _ program: InstanceProgram) -> [String: String] {
        var environment = program.environment
        environment["AWS_LAMBDA_RUNTIME_API"] = instance.line.address
        environment["AWS_LAMBDA_FUNCTION_NAME"] = entry.name
        environment["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST"
        environment["AWS_LAMBDA_LOG_STREAM_NAME"] = instance.name
        environment["LAMBDA_TASK_ROOT"] = program.directory
        let memory = entry.limits.process.memory ?? limits.toldMemory
        environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = String(max(1, memory >> 20))
        if entry.instances.concurrency > 1 {
            environment["AWS_LAMBDA_MAX_CONCURRENCY"] = String(entry.instances.concurrency)
        }
        // Without it Python's client does not hear SIGTERM while it waits (awslambdaric 4.2.2).
        environment["AWS_EXECUTION_ENV"] = "AWS_Lambda_python3.12"
        return environment
    }

    private func hasStarted(_ instance: Instance) {
        delay = StartDelay()
        count("started")
        // Those of before go now, with what they have in hand finished.
        for other in instances where other.revision < instance.revision { other.leave() }
    }

    private func hasFailed(_ words: String) {
        let pause = delay.fail(words, at: core.now, limits)
        core.log.write(
            .error, "A function's process cannot start",
            [
                ("function", .string(entry.name)), ("error", .string(words)),
                ("again_in_ms", .integer(pause.milliseconds)),
            ], at: core.wallClock)
        count("failed")
        plan(at: delay.until)
        // Where another one serves, what waits may still be served.
        guard !instances.contains(where: { $0.phase == .serving }) else { return }
        let tasks = waiting
        waiting = []
        for task in tasks {
            if let timer = task.timer { core.loop.cancel(timer) }
            task.end(.failed(startProblem(words)))
        }
    }

    private func startProblem(_ words: String) -> Problem {
        Problem(
            .busy, "The function cannot start." + (programs.tellsErrors ? " " + words : ""),
            retryAfter: max(limits.retryAfter, delay.until - core.now))
    }

    private func plan(at time: Duration) {
        guard retry == nil, !isStopping else { return }
        retry = core.loop.callLater(after: max(.zero, time - core.now)) { [weak self] in
            guard let self else { return }
            core.turnBegins()
            retry = nil
            grow()
        }
    }

    func isGone(_ instance: Instance, _ ending: InstanceEnding) {
        if let process = instance.process { watch.remove(process.confined) }
        instances.removeAll { $0 === instance }
        if ending.isBeforeStart, !isStopping, instance.revision == revision {
            hasFailed(instance.startFault.map { "\($0.words)" } ?? ending.words)
        } else if !ending.isExpected {
            core.log.write(
                .warning, "A function's process has ended",
                [
                    ("function", .string(entry.name)), ("instance", .string(instance.name)),
                    ("reason", .string(ending.words)), ("served", .integer(Int64(instance.life.served))),
                    ("peak_memory", .integer(Int64(ending.peakMemory))),
                ], at: core.wallClock)
            count("died")
        }
        if instances.isEmpty { onEmpty?.resume() }
        if instances.isEmpty { onEmpty = nil }
        grow()
    }

    /// Ends what was killed for a limit: by its process's number.
    func breached(_ pid: Int32, _ breach: ProcessBreach) {
        instances.first { $0.process?.pid == pid }?.end(breach.words)
    }

    /// Lets one go that has done enough.
    private func recycle(_ instance: Instance) {
        guard instance.phase == .serving else { return }
        let settings = entry.instances
        if settings.invocations.map({ instance.life.served >= $0 }) ?? false
            || settings.age.map({ core.now - instance.life.launched >= $0 }) ?? false
        {
            instance.leave()
            grow()
        }
    }

    // MARK: From time to time

    /// Lets those go that have nothing to do, and keeps as many ready as the manifest says.
    func look() {
        guard !isStopping else { return }
        var kept = instances.count { $0.phase == .serving }
        for instance in instances where instance.phase == .serving && instance.inHand.isEmpty {
            instance.endIfSilent()
            recycle(instance)
            guard kept > entry.instances.warm, core.now - instance.life.idleSince >= entry.instances.idleTime
            else { continue }
            instance.leave()
            kept -= 1
        }
        grow()
    }

    /// The program, or what the manifest says of it, has changed: the next instances are of the new one, and the others go
    /// once one of these serves.
    func renew(_ entry: FunctionEntry) {
        self.entry = entry
        revision += 1
        delay = StartDelay()
        let hasAny = hasInstance
        core.log.write(
            .info, "A function has changed: its processes are started anew",
            [("function", .string(entry.name))],
            at: core.wallClock)
        if let retry { core.loop.cancel(retry) }
        retry = nil
        if hasAny { start() } else { grow() }
    }

    /// Ends all, and waits for that.
    func stop() async {
        isStopping = true
        if let retry { core.loop.cancel(retry) }
        for task in waiting {
            task.end(.failed(Problem(.busy, "The host stops.", retryAfter: limits.retryAfter)))
        }
        waiting = []
        for instance in instances { instance.leave() }
        guard !instances.isEmpty else { return }
        // What is in hand now is waited for no longer.
        let timer = core.loop.callLater(after: limits.instanceGrace) { [weak self] in
            for instance in self?.instances ?? [] { instance.end("the host stops") }
        }
        await withCheckedContinuation { onEmpty = $0 }
        core.loop.cancel(timer)
    }

    // MARK: What is told

    private func count(_ result: String) {
        core.engine.metrics.add(InstancePools.starts, [("function", entry.name), ("result", result)], by: 1)
    }

    private func report(
        _ task: InstanceTask, on instance: Instance, _ reply: InstanceTask.Reply, _ fault: FunctionFault?
    ) {
        var problem: Problem?
        if case .failed(let failed) = reply { problem = failed }
        let level: LogLevel = problem == nil ? .info : .error
        guard core.log.isEnabled(level) else { return }
        let duration = core.engine.platform.uptime() - task.begun
        var fields: [(String, LogValue)] = [
            ("function", .string(entry.name)), ("instance", .string(instance.name)),
            ("request_id", .string(task.eventID)), ("duration", .number(duration.seconds)),
            // Whole milliseconds, the start of a cold one included, as Lambda bills it.
            (
                "billed_ms",
                .integer(
                    ((duration + (task.isCold ? instance.life.startTime ?? .zero : .zero)).milliseconds) + 1)
            ),
            ("peak_memory", .integer(Int64(instance.process?.peakMemory() ?? 0))),
            ("cold", .boolean(task.isCold)),
        ]
        if task.isCold, let time = instance.life.startTime { fields.append(("init", .number(time.seconds))) }
        if let problem {
            fields.append(("problem", .string(problem.kind.rawValue)))
            fields.append(("error", .string(fault?.words ?? problem.detail)))
        }
        if let trace = fault?.trace, !trace.isEmpty { fields.append(("stack_trace", .string(trace))) }
        core.log.write(level, "Instance report", fields, at: core.wallClock)
    }

    /// Why it cannot be started at present.
    var fault: String? { delay.fault }

    /// How many are there: starting, serving idle, serving busy; and how many invocations wait.
    var counts: (starting: Int, idle: Int, busy: Int, waiting: Int) {
        (
            instances.count { $0.phase == .launching || $0.phase == .starting },
            instances.count { $0.phase == .serving && $0.inHand.isEmpty },
            instances.count { !$0.inHand.isEmpty }, waiting.count
        )
    }
}

/// When the next start may be tried: later and later where one fails after the other.
struct StartDelay {
    private(set) var until: Duration = .zero
    /// Why the last one failed; nil where it has not.
    private(set) var fault: String?
    private var failures = 0

    /// A start has failed; how long the next one waits.
    mutating func fail(_ words: String, at now: Duration, _ limits: HostLimits) -> Duration {
        fault = words
        let pause = min(limits.firstStartPause * (1 << min(failures, 16)), limits.lastStartPause)
        failures += 1
        until = now + pause
        return pause
    }
}

extension ProcessLimits {
    init(_ allowance: ProcessAllowance) {
        self.init()
        memory = allowance.memory
        cpu = allowance.cpu
        files = allowance.files
        processes = allowance.processes
        temporaryBytes = allowance.temporary
    }
}
