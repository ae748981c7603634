internal import CLinux
internal import Store

extension Platform {
    /// The machine's own clock and randomness. The only place that reads them.
    public static func system(timers: any Timers, executor: any TaskExecutor) -> Platform {
        Platform(
            now: { Timestamp(milliseconds: clinux_realtime_nanoseconds() / 1_000_000) },
            uptime: { .nanoseconds(clinux_monotonic_nanoseconds()) },
            seed: {
                var generator = SystemRandomNumberGenerator()
                return generator.next()
            },
            timers: timers, executor: executor)
    }
}
