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
    /// How often it has been handed out, this time included.
    public let attempts: Int
}

/// Jobs of one group, leased to one worker: nobody else gets this group until the lease ends.
public struct JobClaim: Sendable, Equatable {
    /// The queue's name.
    public let queue: String
    /// The group, for a queue of stories the player.
    public let group: String
    /// Names this lease; a later claim of the group gets another.
    public let lease: Int64
    /// The jobs in the order of the queue, at least one.
    public let jobs: [Job]
}

/// What becomes of claimed jobs that were not done.
public enum JobReturn: Sendable, Equatable {
    /// Put back until `at` without counting the attempt: a rate made them wait.
    case wait(until: Timestamp)
    /// Try again at `at`.
    case retry(at: Timestamp)
    /// Give up: the jobs become dead letters with this reason.
    case bury(reason: String, at: Timestamp)
}
