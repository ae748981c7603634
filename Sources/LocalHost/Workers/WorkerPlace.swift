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
    /// Which start of this worker it is, from 1.
    public let start: Int
    /// The process that starts the workers.
    let parent: Int32
    /// The listening socket.
    public let listener: Int32
    /// A pipe that a worker writes its number to once it serves, and again and again while it does.
    let ready: Int32
    /// The way to the others; nil where there are none.
    let link: Link?

    struct Link: Sendable, Equatable {
        /// What others hand to this worker.
        let inbox: Int32
        /// By worker, where connections are handed to it.
        let outboxes: [Int32]
    }

    /// How many workers there are.
    public var count: Int { link?.outboxes.count ?? 1 }

    /// Every descriptor of it.
    var descriptors: [Int32] { [listener, ready] + (link.map { [$0.inbox] + $0.outboxes } ?? []) }

    init(index: Int, start: Int, parent: Int32, listener: Int32, ready: Int32, link: Link?) {
        self.index = index
        self.start = start
        self.parent = parent
        self.listener = listener
        self.ready = ready
        self.link = link
    }

    /// The text for the environment: numbers with `:` between them.
    public var description: String {
        ([Int32(clamping: index), Int32(clamping: start), parent] + descriptors).map(String.init).joined(
            separator: ":")
    }

    /// Reads `description`; nil for any other text.
    public init?(_ text: String) {
        guard text.utf8.count <= 1_024 else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int32($0) }
        guard numbers.count == parts.count, numbers.count >= 5 else { return nil }
        let descriptors = numbers[3...]
        // A way to the others has one end for this worker, and one for each of at least two.
        let link = descriptors.count > 2 ? Link(inbox: numbers[5], outboxes: Array(numbers[6...])) : nil
        guard link.map({ $0.outboxes.count > 1 }) ?? true,
            HostLimits.workers.contains(link?.outboxes.count ?? 1),
            (0..<Int32(link?.outboxes.count ?? 1)).contains(numbers[0]), numbers[1] > 0, numbers[2] > 0,
            // Standard input, output and error are nobody's sockets.
            descriptors.allSatisfy({ $0 > 2 }), Set(descriptors).count == descriptors.count
        else { return nil }
        self.init(
            index: Int(numbers[0]), start: Int(numbers[1]), parent: numbers[2], listener: numbers[3],
            ready: numbers[4], link: link)
    }

    /// Takes the place in this process: asks for SIGTERM at the starting process's end, and keeps the descriptors from
    /// programs that this one starts. `name` is what the process is called in the system's table. Call it before any
    /// thread is started. Throws where that process is gone already, or where the descriptors are not those of a worker.
    public func take(as name: String) throws(HostError) {
        unsafe unsetenv(Self.variable)
        // It was started as /proc/self/exe.
        unsafe clinux_name_thread(name)
        guard clinux_signal_at_parents_end(SIGTERM) == 0 else { throw .system("prctl", errno) }
        // It may have ended before it could be asked for the signal.
        guard getppid() == parent else {
            throw .call(name: Self.variable, reason: "the process that started this worker is gone")
        }
        for descriptor in descriptors {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw .system(Self.variable, errno) }
        }
    }

    /// Tells the starting process that this worker serves. Where that one does not read, it gets to know no sooner than
    /// it is told again.
    public func announce() {
        var number = UInt8(truncatingIfNeeded: index)
        while unsafe write(ready, &number, 1) < 0, errno == EINTR {}
    }
}
