internal import Base
internal import Glibc
internal import Net

/// The Lambda Runtime API of one instance: a port of its own on loopback, its connections, and those that ask for an event.
final class InstanceLine {
    private let transports: Transports
    private let tokens: InstanceTokens
    private let listener: Listener
    private var token: UInt64 = 0
    /// How many connections there may be.
    private let room: Int
    private weak var instance: Instance?
    private var connections: [UInt64: RuntimeAPIConnection] = [:]
    private var asking: [RuntimeAPIConnection] = []

    init(_ transports: Transports, _ tokens: InstanceTokens, concurrency: Int) throws(HostError) {
        self.transports = transports
        self.tokens = tokens
        room = concurrency + transports.core.limits.instanceConnections
        listener = try Listener(host: "127.0.0.1", port: 0, backlog: Int32(room))
        token = tokens.take { [weak self] _ in self?.accept() }
        do throws(HostError) {
            try transports.core.loop.watch(listener.descriptor, for: .read, token: token)
        } catch {
            Glibc.close(listener.descriptor)
            throw error
        }
    }

    /// Whose it is.
    func serve(_ instance: Instance) { self.instance = instance }

    /// Where it is.
    var address: String { "127.0.0.1:\(listener.port)" }

    /// Whether an event is asked for.
    var isAsked: Bool { !asking.isEmpty }

    private func accept() {
        while let accepted = try? listener.accept() {
            guard let instance, connections.count < room,
                let transport = try? transports.adopt(
                    accepted.descriptor, address: accepted.address, isShared: true)
            else {
                Glibc.close(accepted.descriptor)
                continue
            }
            let connection = RuntimeAPIConnection(transport, transports.core, instance)
            transport.speaker = connection
            connections[transport.id] = connection
        }
    }

    func asks(_ connection: RuntimeAPIConnection) { asking.append(connection) }

    /// Who asks next: the one that has asked last, whose side is awake most likely.
    func takeAsking() -> RuntimeAPIConnection? { asking.popLast() }

    func lost(_ connection: RuntimeAPIConnection) {
        connections[connection.transport.id] = nil
        asking.removeAll { $0 === connection }
    }

    func close() {
        transports.core.loop.forget(listener.descriptor)
        Glibc.close(listener.descriptor)
        tokens.giveBack(token)
        asking = []
        let all = connections.values
        connections = [:]
        for connection in all { connection.transport.close() }
    }
}
