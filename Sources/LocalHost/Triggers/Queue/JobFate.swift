internal import Base
internal import Ledger
internal import Runtime

/// What becomes of jobs that could not be done.
enum JobFate {
    /// Of jobs whose hosts die of them, or seem to; nil where they may be tried.
    static func ofLost(_ claim: JobClaim, _ limits: HostLimits, now: Timestamp) -> JobReturn? {
        let lost = claim.jobs.map(\.lost).max() ?? 0
        guard lost >= limits.lostLeases else { return nil }
        return .bury(reason: "its host died, or stood still, \(lost) times while it ran", at: now)
    }

    /// `jitter` gives a number below the one it is given.
    static func of(
        _ claim: JobClaim, _ outcome: Outcome, _ limits: HostLimits, now: Timestamp,
        jitter: (Int64) -> Int64
    ) -> JobReturn {
        let problem = outcome.problem
        let attempts = claim.jobs.map(\.attempts).max() ?? 1
        switch problem?.kind {
        case .rateExceeded, .busy, .storeFull:
            // Not the job's fault: it waits, and no attempt is counted.
            return .wait(until: now + max(problem?.retryAfter ?? limits.queueRetry, limits.jobWait))
        case .failed, .badAnswer, .died, .deadline, .conflict, .timeout, nil:
            guard attempts < limits.jobAttempts else { break }
            // 1, 2, 4, … seconds and up to half as much again, so that those that failed together do not return so.
            let base = limits.jobPause.milliseconds << min(attempts - 1, limits.jobPauseDoublings)
            return .retry(at: now + .milliseconds(base + jitter(base / 2)))
        default:
            // One of them is refused; which one shows when each goes alone.
            if claim.jobs.count > 1 { return .retry(at: now) }
        }
        return .bury(
            reason: "\(outcome.status) \(problem?.kind.rawValue ?? "failed"): \(problem?.detail ?? "")",
            at: now)
    }
}
