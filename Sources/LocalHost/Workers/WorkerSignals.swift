public import Net
internal import CLinux
internal import Glibc

/// The signals of a process that starts workers: a request to stop, and the end of a worker.
public struct WorkerSignals: Sendable {
    /// What a signal says.
    public enum Signal: Sendable, Equatable {
        /// SIGTERM or SIGINT.
        case stop
        /// SIGCHLD: at least one process has ended.
        case workerEnded
    }

    /// Becomes readable when a signal comes.
    public let descriptor: Int32

    /// Takes the signals over. Call it before any thread is started: threads inherit what is blocked. So do processes:
    /// a worker that is asked to stop before it looks for signals does so as soon as it does.
    public init() throws(HostError) {
        descriptor = clinux_supervisor_signals()
        guard descriptor >= 0 else { throw .system("signalfd", errno) }
    }

    /// The next signal; nil where none has come.
    public func next() -> Signal? {
        switch clinux_next_signal(descriptor) {
        case 0: nil
        case SIGCHLD: .workerEnded
        default: .stop
        }
    }
}
