/// The time by which the waits for a model end; never a time that anyone is told.
enum Uptime {
    private static let start = ContinuousClock.now

    /// Since the first call.
    static var now: Duration { start.duration(to: .now) }
}
