internal import Base
internal import Ledger
internal import Net
internal import Runtime

/// One queue, as this host serves it: claims ready jobs at its pace, runs them, and gives back what could not be done.
final class QueueWorker {
    /// What it is about to do.
    private enum Pace {
        /// Nothing, until it is told to look.
        case idle
        /// It is claiming.
        case claiming
        /// It looks when the next waiting job is ready, or sooner if it is told to.
        case waiting(TimerID)
        /// It may not look again before this.
        case held(TimerID)
    }

    let name: String
    private let batch: Int
    private let entry: FunctionEntry
    private let core: HostCore
    /// What its jobs are to the function, and for which roles they run.
    private let source: (JobClaim) -> Event.Source
    private let roles: [String]
    /// Groups whose jobs run here now.
    private var running = 0
    private var pace = Pace.idle
    /// It was told to look while it could not.
    private var isCalledAgain = false
    /// When it last looked (the host's uptime).
    private var lastClaim: Duration = .zero - .seconds(1)

    private var limits: HostLimits { core.limits }
    private var platform: Platform { core.engine.platform }

    /// The jobs of a queue that the manifest binds to the function.
    convenience init(_ name: String, batch: Int, _ entry: FunctionEntry, _ core: HostCore) {
        self.init(name, batch: batch, entry, core, roles: entry.access.roles) {
            .queue(name: $0.queue, group: $0.group)
        }
    }

    /// The jobs of a queue of a trigger's own.
    init(
        _ name: String, batch: Int, _ entry: FunctionEntry, _ core: HostCore, roles: [String],
        source: @escaping (JobClaim) -> Event.Source
    ) {
        self.name = name
        self.batch = batch
        self.entry = entry
        self.core = core
        self.roles = roles
        self.source = source
    }

    // MARK: Pace

    /// Looks where the queue has got something, or where that is not known.
    func follow(_ committed: Committed) { if committed.queues?.contains(name) ?? true { look() } }

    /// Claims what is ready, if there is room for it and it is time.
    func look() {
        guard !core.lifecycle.isStopping else { return }
        let room = min(limits.runningGroups, entry.limits.concurrency) - running
        guard room > 0 else { return isCalledAgain = true }
        switch pace {
        case .claiming: return isCalledAgain = true
        case .held: return
        case .waiting(let timer): core.loop.cancel(timer)
        case .idle: break
        }
        // Under load every commit brings jobs; looking at each would cost more than the jobs.
        let uptime = platform.uptime()
        let pause = lastClaim + limits.claimInterval - uptime
        guard pause <= .zero else { return pace = .held(timer(after: pause)) }
        lastClaim = uptime
        pace = .claiming
        isCalledAgain = false
        core.tasks.start { await self.claim(room) }
    }

    private func timer(after delay: Duration) -> TimerID {
        core.loop.callLater(after: delay) { [weak self] in
            self?.pace = .idle
            self?.look()
        }
    }

    private func claim(_ groups: Int) async {
        let now = platform.now()
        let claims = try? await core.engine.state.claimJobs(
            queue: name, owner: core.id, now: now, leaseUntil: now + limits.lease, groups: groups,
            batch: batch)
        pace = .idle
        for claim in claims ?? [] { run(claim) }
        if isCalledAgain || claims?.count == groups {
            look()
        } else {
            // Where claiming failed (a full disk, say) it is tried again in a second.
            await waitForNext(failed: claims == nil)
        }
    }

    private func waitForNext(failed: Bool) async {
        let now = platform.now()
        var delay: Duration? = failed ? limits.queueRetry : nil
        if let next = try? await core.engine.state.nextJob(queue: name) {
            delay = max(delay ?? .zero, next - now, .milliseconds(1))
        }
        guard let delay, !core.lifecycle.isStopping, case .idle = pace else { return }
        pace = .waiting(timer(after: min(delay, limits.queueLook)))
    }

    // MARK: Running

    private func run(_ claim: JobClaim) {
        running += 1
        core.tasks.start { await self.doJobs(of: claim) }
    }

    private func doJobs(of claim: JobClaim) async {
        if let fate = JobFate.ofLost(claim, limits, now: platform.now()) {
            complain(of: claim, "lost")
            await giveBack(claim, fate, wasRun: false)
        } else {
            let outcome = await core.engine.invoke(entry, event(of: claim), completing: claim)
            if !outcome.isSuccess { await giveBack(claim, fate(of: claim, outcome), wasRun: true) }
        }
        running -= 1
        look()
    }

    /// Where that fails too, the lease runs out and the jobs come back.
    private func giveBack(_ claim: JobClaim, _ fate: JobReturn, wasRun: Bool) async {
        let now = platform.now()
        if let number = try? await core.engine.state.giveBack(claim, fate, at: now) {
            core.engine.observer?.gaveBack(claim, fate, number: number, wasRun: wasRun)
        }
    }

    /// Jobs run on behalf of the caller whom their group names, with the role that the manifest asks for: what is in a
    /// queue our own functions have put there. The trace is the latest one's.
    private func event(of claim: JobClaim) -> Event {
        let payloads = claim.jobs.map(\.payload)
        let data = batch > 1 ? "[\(payloads.joined(separator: ","))]" : payloads.first ?? ""
        return Event(
            id: claim.jobs.last?.id ?? core.requestID(), time: platform.now(),
            trigger: source(claim), credential: .verified(Claims(subject: claim.group, roles: roles)),
            trace: claim.jobs.last?.traceparent.flatMap { TraceContext(traceparent: $0) },
            data: Array(data.utf8))
    }

    // MARK: Fate

    private func fate(of claim: JobClaim, _ outcome: Outcome) -> JobReturn {
        let fate = JobFate.of(claim, outcome, limits, now: platform.now(), jitter: core.jitter)
        if case .bury = fate { complain(of: claim, outcome.problem?.kind.rawValue ?? "failed") }
        return fate
    }

    private func complain(of claim: JobClaim, _ problem: String) {
        let attempts = claim.jobs.map(\.attempts).max() ?? 1
        core.log.write(
            .error, "Jobs given up",
            [
                ("queue", .string(claim.queue)), (CallerWord.field, .string(claim.group)),
                ("jobs", .integer(Int64(claim.jobs.count))), ("attempts", .integer(Int64(attempts))),
                ("problem", .string(problem)),
            ], at: platform.now())
    }
}
