internal import Glibc

/// What the system calls a signal.
enum SignalName {
    static func words(_ signal: Int32) -> String {
        guard let words = unsafe strsignal(signal) else { return "unknown" }
        return unsafe String(cString: words)
    }
}
