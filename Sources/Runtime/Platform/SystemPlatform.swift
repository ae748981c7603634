internal import Glibc
internal import Store

extension Platform {
    /// The machine's own clock and randomness. The only place that reads them.
    public static func system(timers: any Timers, executor: any TaskExecutor) -> Platform {
        Platform(
            now: {
                var time = timespec()
                unsafe clock_gettime(CLOCK_REALTIME, &time)
                return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
            },
            uptime: {
                var time = timespec()
                unsafe clock_gettime(CLOCK_MONOTONIC, &time)
                return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
            },
            seed: {
                var generator = SystemRandomNumberGenerator()
                return generator.next()
            },
            timers: timers, executor: executor)
    }
}
