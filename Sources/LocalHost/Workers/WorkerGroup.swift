public import Net
internal import CLinux
internal import Glibc

/// What the process that starts workers holds for them: a listening socket and an inbox each, and the pipe by which they
/// say that they serve. A worker alone has no inbox.
///
/// The listening sockets share one port (SO_REUSEPORT), and this process keeps them open: connections that wait for a
/// worker that has died are answered by its successor instead of being reset. The first one listens before it lets
/// others share the port, so that the kernel itself refuses a port on which anybody listens, another group of the same
/// user too; and as long as one of them listens, nobody else can. A worker alone shares it with nobody.
///
/// A socket that was passed to this process is one for all: nobody but its maker may have another one on its port. Each
/// connection wakes every worker that waits, and the first one has it.
///
/// For the one thread that starts the workers.
public final class WorkerGroup {
    /// How many workers there are.
    public let count: Int
    /// The port, also where the system chose it.
    public let port: Int
    /// Becomes readable when a worker serves.
    public let readiness: Int32

    /// The host's name or address.
    public let host: String
    private let backlog: Int32
    private let isPassed: Bool
    /// By worker; nil while its socket is taken out.
    private var listeners: [Int32?] = []
    private var inboxes: [Int32] = []
    private var outboxes: [Int32] = []
    private let announcements: Int32
    /// How often each was started.
    private var starts: [Int]

    /// Listens for `count` workers on `host` and `port` (0: any free one).
    public convenience init(
        count: Int, host: String, port: Int, limits: HostLimits = HostLimits()
    ) throws(HostError) {
        let first = try Listener(host: host, port: port, backlog: limits.backlog)
        try self.init(count, host, first, isPassed: false, limits)
    }

    /// `count` workers on a socket that was passed to this process.
    public convenience init(
        count: Int, passed: PassedSocket, limits: HostLimits = HostLimits()
    ) throws(HostError) {
        try self.init(count, passed.listener.address, passed.listener, isPassed: true, limits)
    }

    private init(
        _ count: Int, _ host: String, _ first: Listener, isPassed: Bool, _ limits: HostLimits
    ) throws(HostError) {
        precondition(HostLimits.workers.contains(count))
        self.count = count
        self.host = host
        self.isPassed = isPassed
        port = first.port
        backlog = limits.backlog
        starts = Array(repeating: 0, count: count)
        listeners = [first.descriptor]
        var pipe: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&pipe) == 0 else {
            let code = errno
            close(first.descriptor)
            throw .system("pipe", code)
        }
        readiness = pipe[0]
        announcements = pipe[1]
        guard count > 1 else { return }
        if !isPassed { first.share() }
        for index in 0..<count {
            var pair: [Int32] = [-1, -1]
            guard unsafe clinux_datagram_pair(&pair) == 0 else { throw .system("socketpair", errno) }
            inboxes.append(pair[0])
            outboxes.append(pair[1])
            // As much as the system allows: it is taken only for what waits.
            var size = HostLimits.workerInboxBytes
            unsafe setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            if index > 0 { listeners.append(isPassed ? first.descriptor : try listen()) }
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
        starts[worker] += 1
        let place = WorkerPlace(
            index: worker, start: starts[worker], parent: getpid(), listener: listener, ready: announcements,
            link: count > 1 ? WorkerPlace.Link(inbox: inboxes[worker], outboxes: outboxes) : nil)
        return (place, place.descriptors)
    }

    /// Closes the socket of a worker that is not to be started again for a while: its connections go to the others. The
    /// last socket stays, for it holds the port, and so does one for all.
    public func takeOut(_ worker: Int) {
        guard !isPassed, listeners.indices.contains(worker), listeners.count(where: { $0 != nil }) > 1,
            let listener = listeners[worker]
        else { return }
        close(listener)
        listeners[worker] = nil
    }

    /// Closes this process's listening sockets; those that workers have go on until these close them.
    public func stopListening() {
        for listener in Set(listeners.compactMap(\.self)) { close(listener) }
        listeners = listeners.map { _ in nil }
    }

    /// The workers that have said since the last call that they serve, or still do.
    public func announced() -> [Int] {
        var numbers = [UInt8](repeating: 0, count: 256)
        let read = unsafe Glibc.read(readiness, &numbers, numbers.count)
        return numbers.prefix(max(0, read)).map(Int.init).filter { $0 < count }
    }
}
