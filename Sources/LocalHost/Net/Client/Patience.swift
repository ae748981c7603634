package import Base
internal import Glibc

/// What ends the waits of a client: time, and whoever no longer wants to know.
package struct Patience: Sendable {
    /// Rings when nobody waits for the answer any more; it is never waited for otherwise, so that it goes on ringing.
    package let cancellation: Bell?
    /// The platform's uptime.
    package let uptime: @Sendable () -> Duration

    /// What a wait came to.
    package enum Wait: Equatable {
        case ready, timeout, cancelled
    }

    package init(cancellation: Bell? = nil, uptime: @escaping @Sendable () -> Duration) {
        self.cancellation = cancellation
        self.uptime = uptime
    }

    /// Whether nobody waits any more.
    package var isCancelled: Bool { cancellation?.hasRung ?? false }

    /// Waits until a descriptor is ready for `events` of poll(2); without a descriptor, for the time alone.
    package func wait(for descriptor: Int32 = -1, _ events: Int32 = 0, until end: Duration) -> Wait {
        // A descriptor below zero is passed over.
        var entries = [
            pollfd(fd: cancellation?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0),
        ]
        while true {
            let left = end - uptime()
            let code = unsafe poll(&entries, 2, Self.milliseconds(left))
            if code > 0, entries[0].revents != 0 { return .cancelled }
            if code > 0, entries[1].revents != 0 { return .ready }
            if code < 0, errno != EINTR { return .timeout }
            guard left > .zero else { return .timeout }
        }
    }

    /// Rounded up, so that a short wait does not become none.
    static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: min(seconds, 86_400) * 1_000 + rest)
    }
}
