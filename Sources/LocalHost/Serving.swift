internal import Base
internal import CLinux
internal import Glibc
internal import Ledger
internal import Net
internal import Runtime
internal import Wire

/// Connections, sessions and sockets.
final class Serving {
    let core: HostCore
    let invoker: Invoker
    let loop: EventLoop
    let log: Log
    let limits: HostLimits
    let workers: WorkerLink?
    let router: Router
    let settings: SocketSettings
    let origins: OriginPolicy
    let httpLimits: HTTPLimits
    let clients: ClientAddress
    var triggers: [any TriggerKind] = []

    var listener: Listener?
    var isAccepting = false
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
    /// When connections and links are to be looked at.
    var deadlines = DeadlineQueue()
    var deadlineTimer: (at: Duration, id: TimerID)?
    /// Where small pieces are put together before they are sent.
    var scratch: [UInt8] = []
    let pingPacket = OutgoingPacket(.ping(""))
    /// A stop waits until nothing is in flight.
    var onIdle: CheckedContinuation<Void, Never>?

    var id: String { core.id }
    var now: Duration { core.now }
    var isStopping: Bool { core.lifecycle.isStopping }

    init(_ core: HostCore, workers: WorkerLink?) {
        self.core = core
        self.workers = workers
        (invoker, loop, log, limits) = (core.invoker, core.loop, core.log, core.limits)
        settings = core.settings
        router = Router(invoker.manifest)
        origins = OriginPolicy(settings.allowedOrigins)
        var http = HTTPLimits.standard
        http.bodyBytes = max(router.largestBody, settings.maxPayload)
        httpLimits = http
        clients = ClientAddress(
            proxies: invoker.manifest.trustedProxies, header: invoker.manifest.forwardedHeader)
        shares = ClientShares(limits, handshakes: settings.handshakeRate)
    }

    func listen(on listener: Listener) throws {
        self.listener = listener
        try loop.watch(listener.descriptor, for: .read, token: Host.listenerToken)
        isAccepting = true
    }

    func stop() {
        stopAccepting()
        for connection in connections.values where connection.channel == nil && !connection.isBusy {
            guard connection.parser?.isBetweenRequests ?? true, !connection.isProbe else { continue }
            if connection.waitingBytes > 0 { closeWhenSent(connection) } else { close(connection) }
        }
        closeSocketsForStop()
        flush()
    }

    func closeAll() { for connection in Array(connections.values) { close(connection) } }

    /// Whether a stop has nothing left to wait for: no invocation runs, and every answer has gone out.
    var isDrained: Bool { core.tasks.count == 0 && connections.values.allSatisfy { $0.waitingBytes == 0 } }

    @discardableResult
    func underWay(_ work: @escaping (Serving) async -> Void) -> Task<Void, Never> {
        core.tasks.start { await work(self) }
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
        if let connection = connections[token] { ready(connection, events) }
    }

    func here(_ body: (Serving) -> Void) { body(self) }
}
