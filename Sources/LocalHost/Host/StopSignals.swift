public import Net
internal import CLinux
internal import Glibc

/// SIGTERM and SIGINT, taken from their default of ending the process at once.
public struct StopSignals: Sendable {
    /// Can be read once one has come.
    package let descriptor: Int32

    /// Takes the signals over. Call it before any thread is started: threads inherit what is blocked.
    public init() throws(HostError) {
        descriptor = clinux_stop_signals()
        guard descriptor >= 0 else { throw .system("signalfd", errno) }
    }

    /// Whether one has come, for work that does not wait for them.
    public var haveCome: Bool { clinux_wait_readable(descriptor, 0) != 0 }
}
