/// What starts a function: one entry of the key `on`.
public enum Trigger: Sendable, Equatable, CustomStringConvertible {
    /// A request with this method and exactly this path.
    case http(method: String, path: String)
    /// A Socket.IO event by its full name, as ``EventName`` writes it: `chat`, `*`, `$connect`,
    /// `$ack:trade`, and with a namespace in front `/lobby#chat`, `/lobby#*`, `/lobby#$disconnect`.
    case socket(event: String)
    /// A message of a plain WebSocket whose member `route-by` is `route`, or what ``connectEvent``,
    /// ``disconnectEvent`` and ``defaultEvent`` stand for.
    case websocket(path: String, route: String)
    /// Jobs of this queue. Up to `batch` jobs of one group are handed over together.
    case queue(name: String, batch: Int)
    /// A trigger of a kind that only its own folder knows (``TriggerKind``): what stands behind its key, and beside it.
    case other(kind: String, text: String, options: [String: String])

    /// For tables and log lines: `http POST /echo`, `socket chat`, `websocket /ws#look`,
    /// `queue mail`.
    public var description: String {
        switch self {
        case .http(let method, let path): "http \(method) \(path)"
        case .socket(let event): "socket \(event)"
        case .websocket(let path, let route): "websocket \(EventName(at: path, route))"
        case .queue(let name, _): "queue \(name)"
        case .other(let kind, let text, let options):
            "\(kind) \(text)"
                + (options.isEmpty
                    ? ""
                    : " (" + options.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ")
                        + ")")
        }
    }

    /// The full name of the event of a Socket.IO or plain WebSocket trigger, as events carry it
    /// (``Event/Source/socket(event:connection:host:)``); nil for the others.
    public var eventName: String? {
        switch self {
        case .socket(let event): event
        case .websocket(let path, let route): EventName(at: path, route).description
        case .http, .queue, .other: nil
        }
    }

    /// The event of a function that sees sockets open.
    public static let connectEvent = "$connect"
    /// The event of a function that sees sockets close.
    public static let disconnectEvent = "$disconnect"
    /// The route of a plain WebSocket's messages that have none of their own.
    public static let defaultEvent = "$default"
    /// The event of a function that takes every Socket.IO event of a namespace that no other function takes.
    public static let fallbackEvent = "*"
    /// What stands in front of an event's name for the answers (acknowledgements) of clients to it: `$ack:trade`.
    public static let acknowledgementPrefix = "$ack:"
    /// What a client library raises by itself, so that no server can use the name (socket.io, `RESERVED_EVENTS`).
    public static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]
    /// What the host itself takes and sends: a new token for an open socket, and the end of one.
    public static let hostEvents: Set<String> = ["authenticate", "token_expired"]
    /// The methods an http trigger may name.
    public static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
}
