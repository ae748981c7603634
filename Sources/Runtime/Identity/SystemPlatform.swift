public import Base
internal import CLinux

extension Platform {
    /// The machine's time of the day.
    public static func systemTime() -> Timestamp {
        Timestamp(milliseconds: clinux_realtime_nanoseconds() / 1_000_000)
    }

    /// The machine's own clock and randomness. The only place that reads them.
    public static func system(timers: any Timers, executor: any TaskExecutor) -> Platform {
        let seeds = RandomBytes(Cryptography.shownBytes)
        let secrets = RandomBytes(Cryptography.secretBytes)
        return Platform(
            now: systemTime,
            uptime: { .nanoseconds(clinux_monotonic_nanoseconds()) },
            // Each of libcrypto's own: a seed can be computed from what it is shown by, and must tell of no other.
            seed: { seeds.next() }, secret: { secrets.nextSecret() },
            timers: timers, executor: executor)
    }
}
