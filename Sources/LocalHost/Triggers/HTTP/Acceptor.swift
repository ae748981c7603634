internal import Base
internal import Glibc
internal import Net
internal import Runtime

/// Takes new connections from the kernel, as many as may be and no more of one address than its share.
final class Acceptor {
    private let core: HostCore
    private let transports: Transports
    private let clients: ClientAddress
    private let server: HTTPTrigger
    private(set) var listener: Listener?
    private var isAccepting = false

    private var limits: HostLimits { core.limits }
    private var shares: ClientShares { transports.shares }

    init(_ transports: Transports, _ clients: ClientAddress, _ server: HTTPTrigger) {
        core = transports.core
        self.transports = transports
        self.clients = clients
        self.server = server
        transports.hasClosed = { [weak self] in self?.resume() }
    }

    func listen(on listener: Listener) throws(HostError) {
        self.listener = listener
        try core.loop.watch(listener.descriptor, for: .read, token: Host.listenerToken)
        isAccepting = true
    }

    /// Takes no more, for good.
    func stop() {
        guard let listener else { return }
        core.loop.forget(listener.descriptor)
        Glibc.close(listener.descriptor)
        self.listener = nil
        isAccepting = false
    }

    /// Some are waiting.
    func accept() {
        guard let listener else { return }
        do throws(HostError) {
            // Not all that are there: those who are here already wait for the end of the turn.
            for _ in 0..<limits.acceptedAtOnce {
                guard transports.open.count < limits.connections else { return pause() }
                guard let (descriptor, address) = try listener.accept() else { return }
                if admits(address) {
                    try adopt(descriptor, address: address)
                } else {
                    try turnAway(descriptor, address)
                }
            }
        } catch {
            core.log.write(
                .error, "Connections cannot be accepted", [("error", .string(error.description))],
                at: core.wallClock)
            pause()
        }
    }

    /// Takes up a connection, also one that another worker has accepted.
    @discardableResult
    func adopt(_ descriptor: Int32, address: String) throws(HostError) -> HTTPConnection {
        let transport = try transports.adopt(descriptor, address: address, isShared: clients.trusts(address))
        let connection = HTTPConnection(transport, server)
        transport.speaker = connection
        return connection
    }

    /// Whether an address may have one more.
    private func admits(_ address: String) -> Bool {
        clients.trusts(address)
            || shares.connections.admits(
                AddressBlock.of(address), free: limits.connections - transports.open.count)
    }

    private func turnAway(_ descriptor: Int32, _ address: String) throws(HostError) {
        guard shares.turnedAway.count < limits.turnedAway else {
            Glibc.close(descriptor)
            return
        }
        let connection = try adopt(descriptor, address: address)
        shares.turnedAway.insert(connection.transport.id)
        connection.refuse(
            Problem(.busy, "Too many connections from this address.", retryAfter: limits.retryAfter))
    }

    /// Leaves waiting connections to the kernel until one of ours has closed.
    private func pause() {
        guard let listener, isAccepting else { return }
        isAccepting = false
        core.loop.change(listener.descriptor, to: [], token: Host.listenerToken)
    }

    private func resume() {
        guard let listener, !isAccepting, transports.open.count < limits.connections else { return }
        isAccepting = true
        core.loop.change(listener.descriptor, to: .read, token: Host.listenerToken)
    }
}
