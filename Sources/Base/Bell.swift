internal import CLinux
internal import Glibc

/// Wakes a thread that waits: an eventfd(2), because one can be waited for with a time limit.
package final class Bell: Sendable {
    /// Can be read (poll(2), epoll(7)) once it has rung.
    package let descriptor: Int32

    package init() throws(SystemError) {
        descriptor = clinux_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    deinit { Glibc.close(descriptor) }

    /// Wakes the waiting thread, or lets the next wait return at once.
    package func ring() { _ = eventfd_write(descriptor, 1) }

    /// Whether it has rung since somebody last waited for it.
    package var hasRung: Bool { clinux_wait_readable(descriptor, 0) != 0 }

    /// Waits until it rings.
    package func wait() {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &count)
    }

    /// Waits for at most `patience`; whether it rang.
    package func wait(atMost patience: Duration) -> Bool {
        let (seconds, attoseconds) = patience.components
        let nanoseconds = min(max(seconds, 0), 3_600) * 1_000_000_000 + max(attoseconds, 0) / 1_000_000_000
        guard clinux_wait_readable(descriptor, nanoseconds) != 0 else { return false }
        wait()
        return true
    }
}
