internal import CLinux
internal import Store
internal import Synchronization

extension Platform {
    /// The machine's own clock and randomness. The only place that reads them.
    public static func system(timers: any Timers, executor: any TaskExecutor) -> Platform {
        // One call of the system's generator for the process; each invocation's seed is the next number after it.
        var system = SystemRandomNumberGenerator()
        let seeds = Seeds(SeededRandom(seed: system.next()))
        return Platform(
            now: { Timestamp(milliseconds: clinux_realtime_nanoseconds() / 1_000_000) },
            uptime: { .nanoseconds(clinux_monotonic_nanoseconds()) },
            seed: { seeds.next() },
            timers: timers, executor: executor)
    }
}

private final class Seeds: Sendable {
    private let random: Mutex<SeededRandom>

    init(_ random: SeededRandom) { self.random = Mutex(random) }

    func next() -> UInt64 { random.withLock { $0.next() } }
}
