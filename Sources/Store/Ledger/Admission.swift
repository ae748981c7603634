public import Base

/// What an invocation must pass before its function runs, decided at one point of the store's order.
public struct AdmissionRequest: Sendable {
    /// The function's name: the concurrency limit counts by it.
    public var function: String
    /// The time of the invocation.
    public var now: Timestamp
    /// The session that the caller's token names; it must exist, be unexpired and not be revoked. Nil: none to check.
    public var session: String?
    /// Whose session it must be. Nil: anybody's.
    public var subject: String?
    /// Rates to keep, all of them or none is counted.
    public var rates: [RateRule]
    /// Invocations of the function that may be under way in this process.
    public var concurrency: Int
    /// What the client calls that which it asks for, where it may ask again.
    public var key: RequestKey?

    /// A request for one invocation.
    public init(
        function: String, now: Timestamp, session: String?, of subject: String? = nil, rates: [RateRule],
        concurrency: Int, key: RequestKey? = nil
    ) {
        self.function = function
        self.now = now
        self.session = session
        self.subject = subject
        self.rates = rates
        self.concurrency = concurrency
        self.key = key
    }
}

/// The store's answer to an `AdmissionRequest`; `number` is its place in the store's one order.
public enum AdmissionDecision: Sendable {
    /// Go on; the ticket must end in `commit` or `release`. The status is that of the rule nearest to refusing.
    case admitted(Ticket, RateStatus?)
    /// It was done already, and this was the answer, whatever its input. Counts against no rate; on disk.
    case answered(KeptAnswer, number: Int64)
    /// The session is unknown, expired or revoked.
    case sessionEnded(number: Int64)
    /// The session is another subject's.
    case sessionOfAnother(number: Int64)
    /// A rate is used up; the status is that of the rule that refused.
    case rateExceeded(RateStatus, number: Int64)
    /// As many invocations of the function are under way as may be.
    case concurrencyExceeded(number: Int64)
}

/// An admitted invocation's place in the store's order. What stands behind it is the engine's own.
public struct Ticket: Sendable, Equatable {
    /// The admission's number in the store's one order.
    public let number: Int64
    /// By which the engine knows it; never given twice.
    public let id: Int64

    /// A ticket of an engine.
    public init(number: Int64, id: Int64) {
        self.number = number
        self.id = id
    }
}
