internal import CLinux
internal import Glibc
public import Net

/// Who has started this process and wants to be told how it is (sd_notify(3)): systemd, or whoever speaks as it does.
public struct ServiceManager: Sendable {
    /// The variables that speak of it: they are not for the processes that this one starts.
    public static let variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    private let socket: String
    /// In which time it takes this process for dead unless it is told that it lives (sd_watchdog_enabled(3)); nil: never.
    public let watchdog: Duration?

    /// Nil where nobody wants to be told.
    public init?(environment: [String: String], pid: Int32) {
        guard let socket = environment["NOTIFY_SOCKET"], !socket.isEmpty else { return nil }
        self.socket = socket
        let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == pid } ?? true
        watchdog =
            isOurs
            ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? .microseconds($0) : nil }
            : nil
    }

    /// Tells it assignments, such as `READY=1`. Throws where it cannot be told; it may have missed this then.
    public func tell(_ assignments: [String]) throws(HostError) {
        guard socket.hasPrefix("/") || socket.hasPrefix("@") else {
            throw .call(name: "NOTIFY_SOCKET", reason: "no socket of the file system, nor an abstract one")
        }
        let message = Array(assignments.joined(separator: "\n").utf8)
        let code = unsafe clinux_tell(socket, socket.utf8.count, message, message.count)
        if code != 0 { throw .system("NOTIFY_SOCKET", code) }
    }
}
