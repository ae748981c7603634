internal import Base
internal import Glibc
internal import Ledger
public import Net
public import Runtime

/// Serves functions on this machine, whatever triggers them: begins, and comes to an end in good order.
///
/// Knows no function by name; what is served, and within which limits, is the engine's manifest. Everything here runs on
/// the loop's thread.
public actor Host {
    private nonisolated let loop: EventLoop
    nonisolated let id: String
    let core: HostCore
    let transports: Transports
    let acceptor: Acceptor
    let sockets: SocketTrigger
    /// What starts functions, in the order in which they are told of a commit or a stop.
    let triggers: [any TriggerKind]
    private let upkeep: Upkeep
    /// The processes of functions that have processes of their own, if any have.
    let instances: InstancePools?
    /// The other workers, where several processes serve together.
    private let workers: OtherWorkers?
    private let link: WorkerLink?
    /// News of the other workers' commits.
    private var storeNews: (any StoreNews)?
    /// What asks the process to stop, and who is told.
    private var signals: (descriptor: Int32, action: @Sendable () -> Void)?
    /// Who waits for the end of a stop.
    private var stopWaiters: [CheckedContinuation<Int, Never>] = []

    static let listenerToken: UInt64 = 1
    static let signalToken: UInt64 = 2
    static let workersToken: UInt64 = 3
    static let storeToken: UInt64 = 4

    /// A host that is not listening yet. `loop` must be the executor of the engine's platform.
    public init(
        invoker engine: Engine, loop: EventLoop, log: Log, limits: HostLimits = HostLimits(),
        link: WorkerLink? = nil, programs: InstancePrograms? = nil
    ) throws {
        let core = HostCore(engine: engine, loop: loop, log: log, limits: limits)
        let manifest = engine.manifest
        let clients = ClientAddress(proxies: manifest.trustedProxies, header: manifest.forwardedHeader)
        let shares = ClientShares(limits, handshakes: core.settings.handshakeRate)
        let transports = Transports(core, shares)
        let answers = HTTPAnswers(core)
        let workers = link.map { OtherWorkers($0, path: core.settings.path) }
        let sockets = SocketTrigger(
            Sessions(SocketHub(core, SocketRoutes(manifest)), shares, answers, clients, workers: workers))
        // A further kind of trigger is one more here.
        let kinds: [any TriggerKind] = [sockets, QueueTrigger(core), ScheduleTrigger(core)]
        let instances = try programs.flatMap { try InstancePools(transports, $0) }
        let own = OwnPaths(core, answers, failing: { instances?.failing ?? [] }) {
            var gauges = transports.gauges() + (instances?.gauges() ?? [])
            for kind in kinds { gauges += await kind.gauges() }
            return gauges
        }
        let http = HTTPTrigger(
            transports, HTTPRoutes(manifest.functions), clients, answers, sockets.sessions, own,
            workers: workers)
        triggers = [http] + kinds
        self.core = core
        self.instances = instances
        self.transports = transports
        self.workers = workers
        self.link = link
        self.sockets = sockets
        acceptor = Acceptor(transports, clients, http)
        self.loop = loop
        id = core.id
        upkeep = Upkeep(core, shares, sockets.hub.departures)
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Begins to serve: connections on `host` and `port` (0: any free one), and jobs. The port.
    ///
    /// Throws where nobody can listen there.
    public func start(host: String, port: Int) async throws -> Int {
        try await start(on: Listener(host: host, port: port, backlog: core.limits.backlog))
    }

    /// Begins to serve on a socket that listens already, which the process that started this one has opened.
    public func start(inherited listener: Int32) async throws {
        _ = try await start(on: Listener(inherited: listener))
    }

    private func start(on listener: Listener) async throws -> Int {
        loop.setHandler(self)
        // Before the first connection: a socket's rooms come by way of it.
        // Not a task: the order of commits is the order of delivery, and a task costs more.
        core.engine.state.follow(
            loop.callback { [weak self] committed in self?.assumeIsolated { $0.follow(committed) } })
        core.engine.audience = Audience(
            send: loop.callback { [weak self] emit in self?.assumeIsolated { $0.tellLive(emit) } })
        do {
            try acceptor.listen(on: listener)
            if let link {
                try loop.watch(link.descriptor, for: .read, token: Self.workersToken)
                if let news = try core.engine.state.news() {
                    try loop.watch(news.descriptor, for: .read, token: Self.storeToken)
                    storeNews = news
                }
            }
            _ = try await upkeep.beat()
        } catch {
            acceptor.stop()
            throw error
        }
        upkeep.start()
        instances?.start()
        for trigger in triggers { trigger.start() }
        return listener.port
    }

    /// Calls `action` again and again, for as long as the loop turns and the host does not stop.
    public func whileServing(every period: Duration, _ action: @escaping @Sendable () -> Void) {
        core.every(period, action)
    }

    /// Calls `action` once when the process is asked to stop.
    public func onStop(_ signals: StopSignals, _ action: @escaping @Sendable () -> Void) throws {
        self.signals = (signals.descriptor, action)
        try loop.watch(signals.descriptor, for: .read, token: Self.signalToken)
    }

    /// Stops: takes no more connections, finishes what is in flight (for at most `HostLimits.drain`), says goodbye to
    /// the sockets. Who watches the host on a connection that is open already is told meanwhile that it is not ready.
    /// What was left undone: 0, or the number of invocations that were still running. To call it again
    /// waits for the same end. A host does not start again.
    public func stop() async -> Int {
        switch core.lifecycle {
        case .serving: break
        case .stopped(let unfinished): return unfinished
        case .stopping, .outOfTime: return await withCheckedContinuation { stopWaiters.append($0) }
        }
        core.lifecycle = .stopping
        acceptor.stop()
        for trigger in triggers { trigger.stop() }
        transports.flush()
        await drain()
        await instances?.stop()
        transports.closeAll()
        let unfinished = core.tasks.count
        try? await core.engine.state.retire(host: core.id, now: core.wallClock)
        // The loop holds its handler, the handler the host, and the host the loop.
        loop.setHandler(nil)
        core.lifecycle = .stopped(unfinished: unfinished)
        for waiter in stopWaiters { waiter.resume(returning: unfinished) }
        stopWaiters = []
        return unfinished
    }

    /// Waits until nothing is in flight any more, or the time for it is over.
    private func drain() async {
        guard !transports.isDrained else { return }
        let timer = loop.callLater(after: core.limits.drain) { [core, transports] in
            core.lifecycle = .outOfTime
            transports.resumeStop()
        }
        // A request may have come in the turn in which nothing was left.
        while !transports.isDrained, !core.lifecycle.isOutOfTime {
            await withCheckedContinuation { transports.onIdle = $0 }
        }
        loop.cancel(timer)
    }

    // MARK: News

    private func follow(_ committed: Committed) { for trigger in triggers { trigger.follow(committed) } }

    /// Says something to the sockets of this host, and of the other workers.
    private func tellLive(_ emit: Emit) {
        sockets.hub.deliver(emit, number: 0)
        workers?.tell(emit)
    }

    private func readSignal() {
        guard let signals else { return }
        loop.forget(signals.descriptor)
        Glibc.close(signals.descriptor)
        self.signals = nil
        signals.action()
    }
}

/// The loop's turns: it calls on its own thread, which is the actor's.
extension Host: ReadinessHandler {
    nonisolated package func ready(token: UInt64, events: ReadyEvents) {
        assumeIsolated { host in
            host.core.turnBegins()
            switch token {
            case Self.listenerToken: host.acceptor.accept()
            case Self.signalToken: host.readSignal()
            case Self.workersToken:
                host.workers?.receive(host.acceptor) { host.sockets.hub.deliver($0, number: 0) }
            case Self.storeToken:
                if host.storeNews?.drain() == true { host.core.engine.state.catchUp() }
            default:
                guard host.instances?.ready(token, events) != true else { return }
                host.transports.open[token]?.ready(events)
            }
        }
    }

    /// What this turn has brought goes out.
    nonisolated package func turnEnded() {
        assumeIsolated { host in
            host.transports.turnEnds()
            host.sockets.sessions.flushPolls()
            host.transports.flush()
            host.transports.relieve()
            host.transports.deadlines.arm()
            host.sockets.sessions.deadlines.arm()
        }
    }
}

/// Brings what functions say live to the host, from any thread.
private struct Audience: LiveAudience {
    let send: @Sendable (Emit) -> Void

    func tell(_ emit: Emit) { send(emit) }
}
