public import Base

/// One job, as it waits in a queue.
public struct Job: Sendable, Equatable {
    /// Its place in the store's one order.
    public let number: Int64
    /// The id given at `enqueue`.
    public let id: String
    /// JSON text.
    public let payload: String
    /// The trace that enqueued it (W3C Trace Context).
    public let traceparent: String?
    /// How often it has been tried, this time included. What its host did not live to see the end of is not counted.
    public let attempts: Int
    /// How often its lease was lost: the host died, or stood still for as long as a lease lasts.
    public let lost: Int

    /// From its parts.
    public init(number: Int64, id: String, payload: String, traceparent: String?, attempts: Int, lost: Int) {
        self.number = number
        self.id = id
        self.payload = payload
        self.traceparent = traceparent
        self.attempts = attempts
        self.lost = lost
    }

    /// With so many losses it may be what ends the hosts.
    package static let suspectLosses = 2
    /// How long another such job waits while one runs.
    package static let suspicion = Duration.seconds(1)
    /// By how much the clocks of those who write may differ.
    package static let clockSlack = Duration.seconds(1)

    /// Whether it has never failed, and never been lost.
    package var isFresh: Bool { attempts <= 1 && lost == 0 }
}

/// Jobs of one group, leased to one worker: nobody else gets this group until the lease ends.
public struct JobClaim: Sendable, Equatable {
    /// The queue's name.
    public let queue: String
    /// The group: who the jobs are for.
    public let group: String
    /// Names this lease; a later claim of the group gets another.
    public let lease: Int64
    /// The jobs in the order of the queue, at least one.
    public let jobs: [Job]

    /// From its parts.
    public init(queue: String, group: String, lease: Int64, jobs: [Job]) {
        self.queue = queue
        self.group = group
        self.lease = lease
        self.jobs = jobs
    }
}

/// What becomes of claimed jobs that were not done. Those that have failed are handed out one by one from then on.
public enum JobReturn: Sendable, Equatable {
    /// Put back until `until` without counting the attempt: a rate made them wait.
    case wait(until: Timestamp)
    /// Try again at `at`.
    case retry(at: Timestamp)
    /// Give up: the jobs become dead letters with this reason.
    case bury(reason: String, at: Timestamp)
}
