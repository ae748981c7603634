public import Net
internal import Ledger
internal import Base
internal import CLinux
internal import Glibc
public import Runtime
internal import Wire

/// Serves functions on this machine: HTTP, WebSocket with Engine.IO and Socket.IO, and the queues.
///
/// Knows no function by name; what is served, and within which limits, is the invoker's manifest. Everything here
/// runs on the loop's thread.
public actor Host {
    let invoker: Engine
    let loop: EventLoop
    let log: Log
    let limits: HostLimits
    /// The other workers, where several processes serve together.
    let workers: WorkerLink?
    /// News of the other workers' commits.
    var storeNews: (any StoreNews)?
    let router: Router
    let settings: SocketSettings
    let origins: OriginPolicy
    let httpLimits: HTTPLimits
    let clients: ClientAddress
    /// Names this host in the store: connections and leases are its own.
    nonisolated let id: String

    /// Request ids and jitter: what may be shown. What opens a door is the platform's `secretIdentifier`.
    var random: SeededRandom
    var listener: Listener?
    var isAccepting = false
    var signals: Int32?
    var connections: [UInt64: Connection] = [:]
    var lastConnection: UInt64 = 16
    /// Connections with something to send.
    var dirty: [UInt64] = []
    /// Connections with a share in broadcasts to many, which may wait a moment for the next one.
    var gathered: [UInt64] = []
    var lastGathering: Duration = .zero
    var gatheringTimer: TimerID?
    /// How often the loop has gone round: a host with nothing to do must stand still.
    private(set) var turns = 0
    /// Bytes that have been read in this turn.
    var readBytes = 0
    /// The uptime at the beginning of this turn.
    var now: Duration
    var date: (second: Int64, text: String) = (.min, "")

    /// What each client may take of what is there for all.
    var shares: ClientShares
    /// What `/metrics` answered last.
    var metricsText: (at: Duration, bytes: [UInt8])?

    /// Lines to clients, and by name those that speak Engine.IO.
    var links: [UInt64: Link] = [:]
    var linksByName: [String: UInt64] = [:]
    /// Sessions with something for a poll.
    var dirtyLinks: [UInt64] = []
    /// By key, also those that are gone for their clients and have something under way; and by connection id and by
    /// player, the keys of those that are not gone.
    var sockets: [UInt64: Socket] = [:]
    var socketsByConnectionID: [String: UInt64] = [:]
    var socketsBySubject: [String: Set<UInt64>] = [:]
    var rooms = RoomIndex()
    var openSockets = 0
    private var lastKey: UInt64 = 0
    /// Connection ids, each of which one socket has at a time: until the last thing that runs for it has ended.
    let ids = TaskTurns()
    /// By function, the places for what the host itself asks for.
    let places = TaskTurns()
    /// Sockets that wait for their `$connect`.
    var connectsWaiting = 0
    /// The store's connections are being compared with the sockets.
    var isComparing = false
    /// The store keeps no promises at present, most likely for ever, and that has been told.
    var storeHasFailed = false
    /// When connections and links are to be looked at.
    var deadlines = DeadlineQueue()
    var deadlineTimer: (at: Duration, id: TimerID)?
    /// Where small pieces are put together before they are sent.
    var scratch: [UInt8] = []
    let pingPacket = OutgoingPacket(.ping(""))

    var queues: [String: QueueState] = [:]
    /// Tasks under way: requests, socket events and jobs.
    var tasksUnderWay = 0
    var isStopping = false
    /// A stop has waited as long as it may.
    var isOutOfTime = false
    var onIdle: CheckedContinuation<Void, Never>?
    /// Further callers of `stop`, and what it came to.
    var stopWaiters: [CheckedContinuation<Int, Never>] = []
    var unfinished: Int?
    var onStopSignal: (@Sendable () -> Void)?

    static let listenerToken: UInt64 = 1
    static let signalToken: UInt64 = 2
    static let workersToken: UInt64 = 3
    static let storeToken: UInt64 = 4

    /// A host that is not listening yet. `loop` must be the executor of the invoker's platform.
    public init(
        invoker: Engine, loop: EventLoop, log: Log, limits: HostLimits = HostLimits(),
        link: WorkerLink? = nil
    ) {
        self.invoker = invoker
        self.loop = loop
        self.log = log
        self.limits = limits
        workers = link
        router = Router(invoker.manifest)
        var http = HTTPLimits.standard
        settings = invoker.manifest.sockets
        origins = OriginPolicy(settings.allowedOrigins)
        http.bodyBytes = max(router.largestBody, settings.maxPayload)
        httpLimits = http
        clients = ClientAddress(
            proxies: invoker.manifest.trustedProxies, header: invoker.manifest.forwardedHeader)
        random = SeededRandom(seed: invoker.platform.seed())
        id = invoker.platform.secretIdentifier("host")
        shares = ClientShares(limits, handshakes: settings.handshakeRate)
        now = invoker.platform.uptime()
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// Begins to serve: connections on `host` and `port` (0: any free port), and jobs. The port.
    ///
    /// Throws where nobody can listen there.
    public func start(host: String, port: Int) async throws -> Int {
        let listener =
            try workers.map { try Listener(inherited: $0.listener) }
            ?? Listener(host: host, port: port, backlog: limits.backlog)
        self.listener = listener
        loop.setHandler(Readiness(host: self))
        // Before the first connection: a socket's rooms come by way of it.
        invoker.state.follow { [weak self, loop] committed in
            // Not a task: the order of commits is the order of delivery, and a task costs more.
            loop.perform { [weak self] in self?.assumeIsolated { $0.follow(committed) } }
        }
        invoker.audience = Audience(host: self)
        do {
            try loop.watch(listener.descriptor, for: .read, token: Self.listenerToken)
            isAccepting = true
            if let workers {
                try loop.watch(workers.descriptor, for: .read, token: Self.workersToken)
                if let news = try invoker.state.news() {
                    try loop.watch(news.descriptor, for: .read, token: Self.storeToken)
                    storeNews = news
                }
            }
            _ = try await beat()
        } catch {
            stopAccepting()
            throw error
        }
        startUpkeep()
        startQueues()
        return listener.port
    }

    /// Calls `action` once when the process is asked to stop.
    public func onStop(_ signals: StopSignals, _ action: @escaping @Sendable () -> Void) throws {
        self.signals = signals.descriptor
        onStopSignal = action
        try loop.watch(signals.descriptor, for: .read, token: Self.signalToken)
    }

    /// Stops: takes no more connections, finishes what is in flight (for at most `HostLimits.drain`), says goodbye to
    /// the sockets. Who watches the host on a connection that is open already is told meanwhile that it is not ready.
    /// What was left undone: 0, or the number of invocations that were still running. To call it again
    /// waits for the same end. A host does not start again.
    public func stop() async -> Int {
        guard !isStopping else {
            if let unfinished { return unfinished }
            return await withCheckedContinuation { stopWaiters.append($0) }
        }
        isStopping = true
        stopAccepting()
        for connection in connections.values where connection.channel == nil && !connection.isBusy {
            guard connection.parser?.isBetweenRequests ?? true, !connection.isProbe else { continue }
            if connection.waitingBytes > 0 { closeWhenSent(connection) } else { close(connection) }
        }
        closeSocketsForStop()
        flush()
        if !isDrained {
            let timer = loop.schedule(after: limits.drain) { [self] in
                assumeIsolated { host in
                    host.isOutOfTime = true
                    host.resumeStop()
                }
            }
            // A request may have come in the turn in which nothing was left.
            while !isDrained, !isOutOfTime { await withCheckedContinuation { onIdle = $0 } }
            loop.cancel(timer)
        }
        for connection in Array(connections.values) { close(connection) }
        let unfinished = tasksUnderWay
        try? await invoker.state.retire(host: id, now: invoker.platform.now())
        // The loop holds its handler, the handler the host, and the host the loop.
        loop.setHandler(nil)
        self.unfinished = unfinished
        for waiter in stopWaiters { waiter.resume(returning: unfinished) }
        stopWaiters = []
        return unfinished
    }

    /// Whether a stop has nothing left to wait for: no invocation runs, and every answer has gone out.
    var isDrained: Bool { tasksUnderWay == 0 && connections.values.allSatisfy { $0.waitingBytes == 0 } }

    /// Runs work that a stop waits for.
    ///
    /// The task prefers the loop as its executor, too: without that, whatever waits inside it would come back by way of
    /// a thread of the concurrency runtime's pool.
    @discardableResult
    func underWay(_ work: @escaping @Sendable (isolated Host) async -> Void) -> Task<Void, Never> {
        tasksUnderWay += 1
        return Task(executorPreference: loop) { await self.perform(work) }
    }

    private func perform(_ work: @Sendable (isolated Host) async -> Void) async {
        await work(self)
        tasksUnderWay -= 1
    }

    func resumeStop() {
        onIdle?.resume()
        onIdle = nil
    }

    func stopAccepting() {
        guard let listener else { return }
        loop.forget(listener.descriptor)
        Glibc.close(listener.descriptor)
        self.listener = nil
        isAccepting = false
    }

    /// Names a link or a socket in this host.
    func nextKey() -> UInt64 {
        lastKey += 1
        return lastKey
    }

    /// A new Engine.IO session's id: whoever knows it may speak for its client.
    func engineName() -> String {
        invoker.platform.secretIdentifier(workers.map { "w\($0.index)" } ?? "engine")
    }

    /// A new request's id.
    func requestID() -> String { random.identifier("req", at: invoker.platform.now()) }

    // MARK: Readiness

    func turnEnded() {
        turns &+= 1
        readBytes = 0
        resumeParked()
        flushPolls()
        releaseGathered()
        flush()
        relieve()
        armDeadlines()
    }

    func ready(_ token: UInt64, _ events: ReadyEvents) {
        now = invoker.platform.uptime()
        switch token {
        case Self.listenerToken: acceptConnections()
        case Self.signalToken: readSignal()
        case Self.workersToken: receiveHanded()
        case Self.storeToken: if storeNews?.drain() == true { invoker.state.catchUp() }
        default: if let connection = connections[token] { ready(connection, events) }
        }
    }

    private func readSignal() {
        guard let signals else { return }
        loop.forget(signals)
        Glibc.close(signals)
        self.signals = nil
        onStopSignal?()
    }
}

/// Brings the loop's news to the actor: both run on the loop's thread.
private final class Readiness: ReadinessHandler {
    private let host: Host

    init(host: Host) { self.host = host }

    func ready(token: UInt64, events: ReadyEvents) { host.assumeIsolated { $0.ready(token, events) } }
    func turnEnded() { host.assumeIsolated { $0.turnEnded() } }
}
