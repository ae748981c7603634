public import Base

/// What an invocation takes from outside: time, seeds, timers and a place to run.
///
/// Everything that is not in the event or the store comes in here, so that a replay can give it again.
public struct Platform: Sendable {
    /// The wall clock.
    public var now: @Sendable () -> Timestamp
    /// Time that only goes forward, from an arbitrary start: for durations.
    public var uptime: @Sendable () -> Duration
    /// A seed for one invocation's random numbers: of what is shown.
    public var seed: @Sendable () -> UInt64
    /// What opens a door is made of this; it shares no generator with the seeds.
    public var secret: @Sendable () -> SecretNumber
    /// Calls back later.
    public var timers: any Timers
    /// Where functions run.
    public var executor: any TaskExecutor

    /// A platform of the given parts.
    public init(
        now: @escaping @Sendable () -> Timestamp, uptime: @escaping @Sendable () -> Duration,
        seed: @escaping @Sendable () -> UInt64, secret: @escaping @Sendable () -> SecretNumber,
        timers: any Timers, executor: any TaskExecutor
    ) {
        self.now = now
        self.uptime = uptime
        self.seed = seed
        self.secret = secret
        self.timers = timers
        self.executor = executor
    }

    /// A new id that nobody can guess, for what opens a door: a session, a connection that may be resumed.
    public func secretIdentifier(_ prefix: String) -> String { secret().identifier(prefix, at: now()) }
}
