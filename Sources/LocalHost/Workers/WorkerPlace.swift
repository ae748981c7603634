public import Net
internal import CLinux
internal import Glibc

/// What a worker has from the process that started it: its number, and the descriptors that it was given.
///
/// It comes as a text in the environment, because the worker is a fresh run of the same program. Whoever else finds that
/// text in the environment (a program that a function starts) is not taken for a worker: the text names the starting
/// process, and a worker takes it out of its own environment.
public struct WorkerPlace: Sendable, Equatable, CustomStringConvertible {
    /// The environment variable that holds it.
    public static let variable = "GESTALOKA_WORKER"
    /// Which of the workers it is, from 0.
    public let index: Int
    /// The process that starts the workers.
    let parent: Int32
    /// The listening socket.
    let listener: Int32
    /// A pipe that a worker writes its number to once it serves.
    let ready: Int32
    /// What others hand to this worker.
    let inbox: Int32
    /// By worker, where connections are handed to it.
    let outboxes: [Int32]

    /// How many workers there are.
    public var count: Int { outboxes.count }

    /// Every descriptor of it.
    var descriptors: [Int32] { [listener, ready, inbox] + outboxes }

    init(index: Int, parent: Int32, listener: Int32, ready: Int32, inbox: Int32, outboxes: [Int32]) {
        self.index = index
        self.parent = parent
        self.listener = listener
        self.ready = ready
        self.inbox = inbox
        self.outboxes = outboxes
    }

    /// The text for the environment: numbers with `:` between them.
    public var description: String {
        ([Int32(clamping: index), parent] + descriptors).map(String.init).joined(separator: ":")
    }

    /// Reads `description`; nil for any other text.
    public init?(_ text: String) {
        guard text.utf8.count <= 1_024 else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int32($0) }
        guard numbers.count == parts.count, numbers.count >= 6,
            HostLimits.workers.contains(numbers.count - 5),
            (0..<Int32(numbers.count - 5)).contains(numbers[0]), numbers[1] > 0,
            // Standard input, output and error are nobody's sockets.
            numbers[2...].allSatisfy({ $0 > 2 }), Set(numbers[2...]).count == numbers.count - 2
        else { return nil }
        self.init(
            index: Int(numbers[0]), parent: numbers[1], listener: numbers[2], ready: numbers[3],
            inbox: numbers[4],
            outboxes: Array(numbers[5...]))
    }

    /// Takes the place in this process: asks for SIGTERM at the starting process's end, and keeps the descriptors from
    /// programs that this one starts. Call it before any thread is started. Throws where that process is gone already,
    /// or where the descriptors are not those of a worker.
    public func take() throws(HostError) {
        unsafe unsetenv(Self.variable)
        guard clinux_signal_at_parents_end(SIGTERM) == 0 else { throw .system("prctl", errno) }
        // It may have ended before it could be asked for the signal.
        guard getppid() == parent else {
            throw .call(name: Self.variable, reason: "the process that started this worker is gone")
        }
        for descriptor in descriptors {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw .system(Self.variable, errno) }
        }
    }

    /// Tells the starting process that this worker serves.
    public func announce() {
        var number = UInt8(truncatingIfNeeded: index)
        while unsafe write(ready, &number, 1) < 0, errno == EINTR {}
    }
}
