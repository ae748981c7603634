internal import Base
internal import Glibc

/// Starts processes and learns of their end (posix_spawn(3), waitpid(2)).
enum SupervisorSpawn {
    /// The program that runs now, also where its file has been replaced since.
    static let thisProgram = "/proc/self/exe"

    /// Starts `path`; the process's id, or the error's number. Of this process's descriptors it gets the standard ones
    /// and `descriptors`, under the same numbers: all others are closed on exec.
    static func start(
        _ path: String, _ arguments: [String], environment: [String: String], inheriting descriptors: [Int32]
    ) -> Result<pid_t, SpawnFailure> {
        var actions = unsafe posix_spawn_file_actions_t()
        guard unsafe posix_spawn_file_actions_init(&actions) == 0 else {
            return .failure(SpawnFailure(ENOMEM))
        }
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for descriptor in descriptors {
            // To the same number: that only takes close-on-exec away (POSIX.1-2024, glibc 2.29).
            let code = unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
            guard code == 0 else { return .failure(SpawnFailure(code)) }
        }
        var pid: pid_t = 0
        let code = unsafe withCStrings(arguments) { arguments in
            unsafe withCStrings(environment.map { name, value in "\(name)=\(value)" }) { variables in
                unsafe posix_spawn(&pid, path, &actions, nil, arguments, variables)
            }
        }
        return code == 0 ? .success(pid) : .failure(SpawnFailure(code))
    }

    /// Calls `body` with the texts as exec(3) takes them: C strings, and a null pointer behind the last. Valid inside.
    static func withCStrings<T>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
    ) -> T {
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe texts.map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        return unsafe body(&strings)
    }

    /// How a process has ended; nil while it runs. Tells it once: the process is gone from the system's table then.
    static func end(of pid: pid_t) -> Supervisor.Ending? {
        var status: Int32 = 0
        while true {
            let found = unsafe waitpid(pid, &status, WNOHANG)
            if found == pid { break }
            if found == 0 { return nil }
            guard errno == EINTR else { return .failed(reason: "it is no child of this process") }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
    }

    /// Whether a debugger holds a process.
    static func isTraced(_ pid: pid_t) -> Bool {
        state("TracerPid", of: pid).map { $0 != "0" } ?? false
    }

    /// What the system says of a process (/proc/PID/status, proc(5)); nil where there is none, or no such word.
    static func state(_ word: String, of pid: pid_t) -> String? {
        let file = unsafe open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe read(file, &bytes, bytes.count)
        let line = bytes.prefix(max(0, count)).split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self) }.first { $0.hasPrefix(word + ":\t") }
        return line.map { String($0.dropFirst(word.utf8.count + 2)) }
    }

    /// Waits for at most `patience` (nil: for ever) until one of the descriptors can be read.
    static func wait(for descriptors: [Int32], atMost patience: Duration?) {
        var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Never below zero, which is for ever to poll(2); rounded up, so that the time has come when the wait is over.
        let milliseconds = patience.map { Int32(clamping: min(max($0.milliseconds, -1), 1_000_000_000) + 1) }
        _ = unsafe poll(&waiting, nfds_t(waiting.count), milliseconds ?? -1)
    }
}

/// Why a process could not be started.
struct SpawnFailure: Error, CustomStringConvertible {
    let description: String
    init(_ code: Int32) { description = SystemError.words(code) }
}
