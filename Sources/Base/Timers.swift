/// Calls back after a time.
public protocol Timers: Sendable {
    /// Calls `action` once after `delay`, unless cancelled before. `action` must be quick.
    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerID

    /// Forgets a timer; one that has fired or is unknown is no error.
    func cancel(_ timer: TimerID)
}

/// Names a timer of one `Timers`.
public struct TimerID: Sendable, Hashable {
    /// Unique within its `Timers`.
    public let value: UInt64

    /// A timer's name.
    public init(value: UInt64) { self.value = value }
}
