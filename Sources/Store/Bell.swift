internal import CLinux
internal import Glibc

/// Wakes a thread that waits: an eventfd(2), because one can be waited for with a time limit.
package final class Bell: Sendable {
    private let descriptor: Int32

    package init() throws(StoreError) {
        descriptor = clinux_eventfd_blocking()
        guard descriptor >= 0 else {
            throw .cannotOpen(path: "eventfd", reason: unsafe String(cString: strerror(errno)))
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Wakes the waiting thread, or lets the next wait return at once.
    package func ring() { _ = eventfd_write(descriptor, 1) }

    /// Waits until it rings.
    package func wait() {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &count)
    }

    /// Waits for at most `patience` (rounded up to a millisecond); whether it rang.
    package func wait(atMost patience: Duration) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = max(1, min(patience.milliseconds, 60_000))
        guard unsafe poll(&waiting, 1, Int32(milliseconds)) > 0 else { return false }
        wait()
        return true
    }
}
