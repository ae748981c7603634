internal import Glibc
public import Net

/// A listening socket that a service manager has passed to this process (sd_listen_fds(3), systemd's socket units).
///
/// It comes under the number 3, or behind it: `LISTEN_FDS` says how many came, and `LISTEN_PID` to whom. Whoever makes the
/// socket holds it as well, and so connections wait for a process that is not there.
public struct PassedSocket: Sendable {
    /// The variables that speak of it: they are not for the processes that this one starts.
    public static let variables = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
    /// The number of the first one.
    private static let start = STDERR_FILENO + 1

    let listener: Listener
    /// How many came beside it: nobody listens on them here.
    public let others: Int

    init(_ listener: Listener) {
        self.listener = listener
        others = 0
    }

    /// The first stream socket that was passed to the process `pid`; nil where nothing was passed to it. All that was passed
    /// is closed on exec from now on, and what is not used is closed.
    ///
    /// Throws where there is none among what was passed, or where it is none that TCP's connections come by.
    public init?(environment: [String: String], pid: Int32) throws(HostError) {
        guard let receiver = environment["LISTEN_PID"], let text = environment["LISTEN_FDS"],
            Int32(receiver) == pid
        else { return nil }
        guard let count = Int32(text), (0...Int32(HostLimits.passedSockets)).contains(count) else {
            throw Self.wrong("is no number of sockets: '\(text.prefix(20))'")
        }
        guard count > 0 else { return nil }
        let passed = Self.start..<Self.start + count
        for descriptor in passed {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                throw Self.wrong("says \(count), and descriptor \(descriptor) is not open")
            }
        }
        let stream = passed.first { Self.option(SO_TYPE, of: $0) == Int32(SOCK_STREAM.rawValue) }
        guard let stream else {
            throw Self.wrong("none of the \(count) that were passed is a stream socket (ListenStream=)")
        }
        guard Self.option(SO_ACCEPTCONN, of: stream) == 1 else {
            throw Self.wrong("descriptor \(stream) does not listen: a socket unit needs Accept=no")
        }
        guard [AF_INET, AF_INET6].contains(Self.option(SO_DOMAIN, of: stream)) else {
            throw Self.wrong("descriptor \(stream) is no socket of TCP (ListenStream= with a port)")
        }
        // That is the socket's, whoever holds it; who accepts must not wait.
        guard fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK) == 0 else {
            throw .system("LISTEN_FDS", errno)
        }
        listener = try Listener(inherited: stream)
        for descriptor in passed where descriptor != stream { close(descriptor) }
        others = passed.count - 1
    }

    private static func wrong(_ reason: String) -> HostError { .call(name: "LISTEN_FDS", reason: reason) }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
