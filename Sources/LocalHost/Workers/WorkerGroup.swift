public import Net
internal import CLinux
internal import Glibc

/// What the process that starts workers holds for them: a listening socket and an inbox each, and the pipe by which they
/// say that they serve.
///
/// The listening sockets share one port (SO_REUSEPORT), and this process keeps them open: connections that wait for a
/// worker that has died are answered by its successor instead of being reset. The first one listens before it lets
/// others share the port, so that the kernel itself refuses a port on which anybody listens, another group of the same
/// user too; and as long as one of them listens, nobody else can.
///
/// For the one thread that starts the workers.
public final class WorkerGroup {
    /// How many workers there are.
    public let count: Int
    /// The port, also where the system chose it.
    public let port: Int
    /// Becomes readable when a worker serves.
    public let readiness: Int32

    private let host: String
    private let backlog: Int32
    /// By worker; nil while its socket is taken out.
    private var listeners: [Int32?] = []
    private var inboxes: [Int32] = []
    private var outboxes: [Int32] = []
    private let announcements: Int32

    /// Listens for `count` workers on `host` and `port` (0: any free one).
    public init(
        count: Int, host: String, port: Int, limits: HostLimits = HostLimits()
    ) throws(HostError) {
        precondition(HostLimits.workers.contains(count))
        self.count = count
        self.host = host
        backlog = limits.backlog
        var pipe: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&pipe) == 0 else { throw .system("pipe", errno) }
        readiness = pipe[0]
        announcements = pipe[1]
        do {
            let first = try Listener(host: host, port: port, backlog: backlog)
            self.port = first.port
            listeners.append(first.descriptor)
            first.share()
        } catch {
            close(pipe[0])
            close(pipe[1])
            throw error
        }
        for index in 0..<count {
            var pair: [Int32] = [-1, -1]
            guard unsafe clinux_datagram_pair(&pair) == 0 else { throw .system("socketpair", errno) }
            inboxes.append(pair[0])
            outboxes.append(pair[1])
            // As much as the system allows: it is taken only for what waits.
            var size = HostLimits.workerInboxBytes
            unsafe setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            if index > 0 { listeners.append(try listen()) }
        }
    }

    deinit {
        stopListening()
        for descriptor in inboxes + outboxes + [readiness, announcements] { close(descriptor) }
    }

    private func listen() throws(HostError) -> Int32 {
        try Listener(host: host, port: port, backlog: backlog, joining: true).descriptor
    }

    /// What the worker gets, and every descriptor that it must inherit. Listens for it again where its socket was taken
    /// out.
    public func place(of worker: Int) throws(HostError) -> (place: WorkerPlace, descriptors: [Int32]) {
        precondition(listeners.indices.contains(worker))
        let listener: Int32
        if let listening = listeners[worker] { listener = listening } else { listener = try listen() }
        listeners[worker] = listener
        let place = WorkerPlace(
            index: worker, parent: getpid(), listener: listener, ready: announcements, inbox: inboxes[worker],
            outboxes: outboxes)
        return (place, place.descriptors)
    }

    /// Closes the socket of a worker that is not to be started again for a while: its connections go to the others. The
    /// last socket stays, for it holds the port.
    public func takeOut(_ worker: Int) {
        guard listeners.indices.contains(worker), listeners.count(where: { $0 != nil }) > 1,
            let listener = listeners[worker]
        else { return }
        close(listener)
        listeners[worker] = nil
    }

    /// Closes this process's listening sockets; those that workers have go on until these close them.
    public func stopListening() {
        for case let listener? in listeners { close(listener) }
        listeners = listeners.map { _ in nil }
    }

    /// The workers that have said since the last call that they serve.
    public func announced() -> [Int] {
        var numbers = [UInt8](repeating: 0, count: 256)
        let read = unsafe Glibc.read(readiness, &numbers, numbers.count)
        return numbers.prefix(max(0, read)).map(Int.init).filter { $0 < count }
    }
}
