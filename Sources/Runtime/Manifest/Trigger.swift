/// What starts a function: one entry of the key `on`.
public enum Trigger: Sendable, Equatable, CustomStringConvertible {
    /// A request with this method and exactly this path.
    case http(method: String, path: String)
    /// A Socket.IO event; `$connect` and `$disconnect` are a socket's beginning and end.
    case socket(event: String)
    /// Jobs of this queue. Up to `batch` jobs of one group are handed over together.
    case queue(name: String, batch: Int)

    /// For tables and log lines: `http POST /api/session`, `socket player_action`, `queue story`.
    public var description: String {
        switch self {
        case .http(let method, let path): "http \(method) \(path)"
        case .socket(let event): "socket \(event)"
        case .queue(let name, _): "queue \(name)"
        }
    }

    /// The event of a function that sees sockets open.
    public static let connectEvent = "$connect"
    /// The event of a function that sees sockets close.
    public static let disconnectEvent = "$disconnect"
    /// What a client library raises by itself, so that no server can use the name (socket.io, `RESERVED_EVENTS`).
    public static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]
    /// The methods an http trigger may name.
    public static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
}
