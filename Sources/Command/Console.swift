internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Standard input, output and error, as a verb uses them.
struct Console: Sendable {
    var output: @Sendable (String) -> Void
    var error: @Sendable (String) -> Void
    var readInput: @Sendable (_ limit: Int) throws -> [UInt8]
    /// Whether a person reads standard error.
    var isTerminal: Bool

    static let standard = Console(
        output: { write($0, to: STDOUT_FILENO) }, error: { write($0, to: STDERR_FILENO) },
        readInput: { try read(from: STDIN_FILENO, limit: $0) }, isTerminal: isatty(STDERR_FILENO) == 1)

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                // Who reads no further, as head(1), has what it wanted.
                if descriptor == STDOUT_FILENO, errno != EPIPE { lostOutput.store(errno, ordering: .relaxed) }
                return
            }
        }
    }

    private static func read(from descriptor: Int32, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw UsageError("standard input cannot be read")
            }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw UsageError("the input has more than \(limit) bytes") }
        }
    }
}

/// Why something that was to be on standard output is not there; 0 where all is.
private let lostOutput = Atomic<Int32>(0)

/// Ends the process; a success only where its output is where it was to be.
func end(_ status: Int32) -> Never {
    let error = lostOutput.load(ordering: .relaxed)
    if status == ExitStatus.done, error != 0 {
        Console.standard.error("standard output cannot be written: \(SystemError.words(error))\n")
        exit(ExitStatus.failed)
    }
    exit(status)
}

/// Standard input, output and error that are closed become ones that nothing can be read from and written to: whatever is
/// opened next would take their numbers, a store too.
func holdStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // The lowest number that is free is this one.
        _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
}

extension [String: String] {
    /// The process's environment.
    static var ofProcess: [String: String] { ProcessInfo.processInfo.environment }
}

/// A writer to a closed pipe gets an error instead of a signal.
func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

/// The process may open as many descriptors as the system lets it.
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
