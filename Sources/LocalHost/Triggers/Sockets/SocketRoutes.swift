internal import Base
internal import Runtime

/// Which function an event is for: the manifest's triggers of Socket.IO and of plain WebSockets.
struct SocketRoutes: Sendable {
    private var events: [String: FunctionEntry] = [:]
    /// Socket.IO's namespaces, apart from the main one, that something is bound in.
    private(set) var namespaces: Set<String> = []
    /// Plain WebSockets by path.
    private(set) var endpoints: [String: WebSocketEndpoint] = [:]
    /// What an event that nothing is bound to was perhaps meant to be.
    private let meant: Suggestions

    init(_ manifest: Manifest) {
        for entry in manifest.functions {
            for trigger in entry.triggers {
                guard let name = trigger.eventName else { continue }
                events[name] = entry
                if case .websocket(let path, _) = trigger {
                    endpoints[path] = WebSocketEndpoint(
                        path: path, settings: manifest.websockets[path] ?? WebSocketSettings())
                } else {
                    namespaces.insert(EventName(name).place)
                }
            }
        }
        namespaces.remove(EventName.mainNamespace)
        meant = Suggestions(events.keys.filter { !$0.contains("$") }.sorted())
    }

    func function(forEvent name: String) -> FunctionEntry? { events[name] }

    func suggestion(forEvent name: String) -> String? { meant.nearest(to: name) }
}
