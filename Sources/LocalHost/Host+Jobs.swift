internal import Net
internal import Base
internal import Ledger
internal import Runtime

/// A queue, as this host serves it.
struct QueueState: Sendable {
    let name: String
    let batch: Int
    let entry: FunctionEntry
    /// Groups whose jobs run here now.
    var running = 0
    var isClaiming = false
    /// Something came while we were claiming.
    var isCalledAgain = false
    /// When it was last looked at (the host's uptime).
    var lastClaim: Duration = .zero - .seconds(1)
    /// Wakes us when the next waiting job is ready, or when we may look again.
    var timer: TimerID?
    /// The timer is the latter.
    var isPaced = false
}

/// Queues: claims ready jobs, runs them, and gives back what could not be done.
extension Host {
    func startQueues() {
        for (name, batch, entry) in router.queues {
            queues[name] = QueueState(name: name, batch: batch, entry: entry)
            claim(name)
        }
    }

    /// Looks at the queues that have got something; at all of them for nil.
    func wakeQueues(_ names: Set<String>?) {
        guard let names else { return queues.keys.forEach(claim) }
        for name in names { claim(name) }
    }

    private func claim(_ name: String) {
        guard let queue = queues[name], !isStopping else { return }
        let room = min(limits.runningGroups, queue.entry.limits.concurrency) - queue.running
        guard !queue.isClaiming, room > 0 else {
            queues[name]?.isCalledAgain = true
            return
        }
        guard !queue.isPaced else { return }
        if let timer = queue.timer {
            loop.cancel(timer)
            queues[name]?.timer = nil
        }
        // Under load every commit brings jobs; looking at each would cost more than the jobs.
        let uptime = invoker.platform.uptime()
        let pause = queue.lastClaim + limits.claimInterval - uptime
        if pause > .zero {
            queues[name]?.isPaced = true
            wake(name, after: pause)
            return
        }
        queues[name]?.lastClaim = uptime
        queues[name]?.isClaiming = true
        queues[name]?.isCalledAgain = false
        underWay { host in await host.claim(queue, groups: room) }
    }

    private func claim(_ queue: QueueState, groups: Int) async {
        let now = invoker.platform.now()
        let claims = try? await invoker.state.claimJobs(
            queue: queue.name, owner: id, now: now, leaseUntil: now + limits.lease, groups: groups,
            batch: queue.batch)
        queues[queue.name]?.isClaiming = false
        for claim in claims ?? [] { run(claim, queue) }
        if queues[queue.name]?.isCalledAgain == true || claims?.count == groups {
            claim(queue.name)
        } else {
            // Where claiming failed (a full disk, say) it is tried again in a second.
            await waitForNext(queue.name, failed: claims == nil)
        }
    }

    private func waitForNext(_ name: String, failed: Bool) async {
        let now = invoker.platform.now()
        var delay: Duration? = failed ? limits.queueRetry : nil
        if let next = try? await invoker.state.nextJob(queue: name) {
            delay = max(delay ?? .zero, next - now, .milliseconds(1))
        }
        guard let delay, !isStopping, queues[name]?.timer == nil, queues[name]?.isClaiming == false else {
            return
        }
        wake(name, after: min(delay, limits.queueLook))
    }

    private func wake(_ name: String, after delay: Duration) {
        queues[name]?.timer = loop.schedule(after: delay) { [weak self] in
            self?.assumeIsolated { host in
                host.queues[name]?.timer = nil
                host.queues[name]?.isPaced = false
                host.claim(name)
            }
        }
    }

    private func run(_ claim: JobClaim, _ queue: QueueState) {
        queues[queue.name]?.running += 1
        underWay { host in
            if let fate = host.fateOfLost(claim) {
                await host.giveBack(claim, fate, wasRun: false)
            } else {
                let outcome = await host.invoker.invoke(
                    queue.entry, host.event(of: claim, queue), completing: claim)
                if !outcome.isSuccess {
                    await host.giveBack(claim, host.fate(of: claim, outcome), wasRun: true)
                }
            }
            host.queues[queue.name]?.running -= 1
            host.claim(queue.name)
        }
    }

    /// Where that fails too, the lease runs out and the jobs come back.
    private func giveBack(_ claim: JobClaim, _ fate: JobReturn, wasRun: Bool) async {
        let now = invoker.platform.now()
        if let number = try? await invoker.state.giveBack(claim, fate, at: now) {
            invoker.observer?.gaveBack(claim, fate, number: number, wasRun: wasRun)
        }
    }

    /// Jobs run on behalf of the player whom their group names, with the role that the manifest asks for: what is in a
    /// queue our own functions have put there. The trace is the latest one's.
    private func event(of claim: JobClaim, _ queue: QueueState) -> Event {
        let payloads = claim.jobs.map(\.payload)
        let data = queue.batch > 1 ? "[\(payloads.joined(separator: ","))]" : payloads.first ?? ""
        return Event(
            id: claim.jobs.last?.id ?? requestID(), time: invoker.platform.now(),
            trigger: .queue(name: claim.queue, group: claim.group),
            credential: .verified(Claims(subject: claim.group, roles: queue.entry.access.roles)),
            trace: claim.jobs.last?.traceparent.flatMap { TraceContext(traceparent: $0) },
            data: Array(data.utf8))
    }

    /// What becomes of jobs whose hosts die of them, or seem to; nil where they may be tried.
    private func fateOfLost(_ claim: JobClaim) -> JobReturn? {
        let lost = claim.jobs.map(\.lost).max() ?? 0
        guard lost >= limits.lostLeases else { return nil }
        let now = invoker.platform.now()
        complain(of: claim, now, "lost")
        return .bury(reason: "its host died, or stood still, \(lost) times while it ran", at: now)
    }

    private func fate(of claim: JobClaim, _ outcome: Outcome) -> JobReturn {
        let now = invoker.platform.now()
        let problem = outcome.problem
        let attempts = claim.jobs.map(\.attempts).max() ?? 1
        switch problem?.kind {
        case .rateExceeded, .busy, .storeFull:
            // Not the job's fault: it waits, and no attempt is counted.
            return .wait(until: now + max(problem?.retryAfter ?? limits.queueRetry, limits.jobWait))
        case .failed, .deadline, .conflict, .timeout, nil:
            guard attempts < limits.jobAttempts else { break }
            // 1, 2, 4, … seconds and up to half as much again, so that those that failed together do not return so.
            let base = limits.jobPause.milliseconds << min(attempts - 1, limits.jobPauseDoublings)
            let jitter = Int64(random.next() % UInt64(base / 2))
            return .retry(at: now + .milliseconds(base + jitter))
        default:
            // One of them is refused; which one shows when each goes alone.
            if claim.jobs.count > 1 { return .retry(at: now) }
        }
        let reason = "\(outcome.status) \(problem?.kind.rawValue ?? "failed"): \(problem?.detail ?? "")"
        complain(of: claim, now, problem?.kind.rawValue ?? "failed")
        return .bury(reason: reason, at: now)
    }

    private func complain(of claim: JobClaim, _ now: Timestamp, _ problem: String) {
        let attempts = claim.jobs.map(\.attempts).max() ?? 1
        log.write(
            .error, "Jobs given up",
            [
                ("queue", .string(claim.queue)), ("player_id", .string(claim.group)),
                ("jobs", .integer(Int64(claim.jobs.count))), ("attempts", .integer(Int64(attempts))),
                ("problem", .string(problem)),
            ], at: now)
    }
}
