internal import CTLS
internal import Glibc
internal import Synchronization

/// Something that happens once, for threads that wait for descriptors.
final class Signal: Sendable {
    private let isRaisedNow = Atomic(false)
    /// Can be read once it has happened; -1 where the system gave none.
    let descriptor: Int32

    init() { descriptor = ctls_eventfd() }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether it has happened.
    var isRaised: Bool { isRaisedNow.load(ordering: .acquiring) }

    /// Lets it happen, and wakes whoever waits.
    func raise() {
        guard !isRaisedNow.exchange(true, ordering: .acquiringAndReleasing), descriptor >= 0 else { return }
        var one: UInt64 = 1
        _ = unsafe write(descriptor, &one, 8)
    }
}

/// What ends the waits of one request: the reader's going away, and time.
struct Patience: Sendable {
    /// Raised when nobody waits for the answer any more.
    let cancellation: Signal
    /// The platform's uptime.
    let uptime: @Sendable () -> Duration

    /// What a wait came to.
    enum Wait: Equatable {
        case ready, timeout, cancelled
    }

    /// Waits until a descriptor is ready for `events` of poll(2); without a descriptor, for the time alone.
    func wait(for descriptor: Int32 = -1, _ events: Int32 = 0, until end: Duration) -> Wait {
        var entries = [
            pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0),
        ]
        while !cancellation.isRaised {
            let left = end - uptime()
            guard left > .zero else { return .timeout }
            let code = unsafe poll(&entries, 2, Self.milliseconds(left))
            if cancellation.isRaised { break }
            if code > 0, entries[1].revents != 0 { return .ready }
            if code < 0, errno != EINTR { return .timeout }
        }
        return .cancelled
    }

    /// Rounded up, so that a short wait does not become none.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: min(max(seconds, 0), 86_400) * 1_000 + max(rest, 0))
    }
}
