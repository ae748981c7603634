internal import Base
internal import Confinement
public import Net
public import Runtime

/// Runs processes of functions for one who serves nothing else: a command.
public actor InstanceHost {
    private nonisolated let loop: EventLoop
    private let core: HostCore
    private let transports: Transports
    private let pools: InstancePools?

    /// Processes of the engine's functions. Throws where they cannot be looked after.
    public init(_ engine: Engine, loop: EventLoop, log: Log, programs: InstancePrograms) throws {
        let core = HostCore(engine: engine, loop: loop, log: log, limits: HostLimits())
        self.loop = loop
        self.core = core
        transports = Transports(core, ClientShares(core.limits, handshakes: core.settings.handshakeRate))
        pools = try InstancePools(transports, programs)
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// From now on the engine's functions run in processes of their own.
    public func start() {
        loop.setHandler(self)
        pools?.start()
    }

    /// Ends them.
    public func stop() async {
        core.lifecycle = .stopping
        await pools?.stop()
        transports.closeAll()
        loop.setHandler(nil)
    }

    /// What keeps a process to each of its limits on this machine.
    public static var enforcement: [(limit: String, kept: String)] { Enforcement.onThisMachine() }
}

extension InstanceHost: ReadinessHandler {
    nonisolated package func ready(token: UInt64, events: ReadyEvents) {
        assumeIsolated { host in
            host.core.turnBegins()
            if host.pools?.ready(token, events) != true { host.transports.open[token]?.ready(events) }
        }
    }

    nonisolated package func turnEnded() {
        assumeIsolated { host in
            host.transports.turnEnds()
            host.transports.flush()
            host.transports.relieve()
            host.transports.deadlines.arm()
        }
    }
}
