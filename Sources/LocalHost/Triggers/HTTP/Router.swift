internal import Base
internal import Runtime

/// Which function a request or an event is for.
struct Router: Sendable {
    enum Match {
        case function(FunctionEntry)
        /// The path is known, with these methods.
        case otherMethods([String])
        /// Nothing is bound to the path; the nearest one that is.
        case nothing(suggestion: String?)
    }

    private var paths: [String: [String: FunctionEntry]] = [:]
    private var events: [String: FunctionEntry] = [:]
    /// Socket.IO's namespaces, apart from the main one, that something is bound in.
    private(set) var namespaces: Set<String> = []
    /// Plain WebSockets by path.
    private(set) var endpoints: [String: WebSocketEndpoint] = [:]
    /// What a path or an event that nothing is bound to was perhaps meant to be.
    private let meantPaths: Suggestions
    private let meantEvents: Suggestions

    init(_ manifest: Manifest) {
        for entry in manifest.functions {
            for trigger in entry.triggers {
                switch trigger {
                case .http(let method, let path): paths[path, default: [:]][method] = entry
                case .socket(let name):
                    events[name] = entry
                    let place = EventName(name).place
                    if place != EventName.mainNamespace { namespaces.insert(place) }
                case .websocket(let path, let route):
                    events[EventName(at: path, route).description] = entry
                    endpoints[path] = WebSocketEndpoint(
                        path: path, settings: manifest.websockets[path] ?? WebSocketSettings())
                case .queue, .other: break
                }
            }
        }
        meantPaths = Suggestions(paths.keys.sorted())
        meantEvents = Suggestions(events.keys.filter { !$0.contains("$") }.sorted())
    }

    func match(method: String, path: String) -> Match {
        guard let methods = paths[path] else {
            return .nothing(suggestion: meantPaths.nearest(to: path))
        }
        // HEAD is answered by what answers GET (RFC 9110 section 9.3.2).
        if let entry = methods[method] ?? (method == "HEAD" ? methods["GET"] : nil) {
            return .function(entry)
        }
        return .otherMethods(Self.methods(of: methods))
    }

    /// What a path takes; nil where nothing is bound to it.
    func methods(at path: String) -> [String]? { paths[path].map(Self.methods) }

    /// What any path takes.
    var allMethods: [String] {
        Set(paths.values.flatMap(Self.methods)).union(["GET", "HEAD", "POST"]).sorted()
    }

    private static func methods(of bound: [String: FunctionEntry]) -> [String] {
        bound.keys.sorted() + (bound["GET"] == nil ? [] : ["HEAD"])
    }

    /// Whether anything but a WebSocket is at a path.
    func hasRoute(at path: String) -> Bool { paths[path] != nil }

    func function(forEvent name: String) -> FunctionEntry? { events[name] }

    func suggestion(forEvent name: String) -> String? { meantEvents.nearest(to: name) }

    /// The largest body that any function takes over HTTP.
    var largestBody: Int { paths.values.flatMap(\.values).map(\.limits.body).max() ?? 0 }
}
