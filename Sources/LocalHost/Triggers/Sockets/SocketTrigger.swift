internal import Ledger
internal import Runtime

/// The triggers `socket` and `websocket`: sessions of clients, and the sockets that are spoken over them.
final class SocketTrigger: TriggerKind {
    let sessions: Sessions
    let hub: SocketHub

    init(_ sessions: Sessions) {
        self.sessions = sessions
        hub = sessions.hub
    }

    func start() {}
    func follow(_ committed: Committed) { hub.follow(committed) }
    func stop() { sessions.stop() }

    func gauges() async -> [Metrics.Gauge] {
        [
            Metrics.Gauge(
                "gestaloka_open_sockets", "Connected Socket.IO sockets.", [([], Double(hub.index.openCount))])
        ]
    }
}
