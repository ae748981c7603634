public import Base
public import Ledger
public import Observability

/// What triggers an invocation, in one shape whatever brought it.
///
/// As JSON it is a CloudEvents 1.0 object (`Event+CloudEvents.swift`).
public struct Event: Sendable {
    /// The request's id, given by the caller or made by whoever received it.
    public var id: String
    /// When it was received.
    public var time: Timestamp
    /// What brought it.
    public var trigger: Source
    /// Who asks, as far as they say.
    public var credential: Credential
    /// The address of the peer, without its port.
    public var address: String?
    /// The trace the caller belongs to.
    public var trace: TraceContext?
    /// What the client calls that which it asks for, so that it may ask again: the field `Idempotency-Key` as it came.
    /// Functions that the manifest gives an `idempotency-key` look at it.
    public var idempotencyKey: String?
    /// The input: JSON text in UTF-8, or nothing.
    public var data: [UInt8]
    /// What the data is where it is not one JSON value or nothing: the array of a Socket.IO event's arguments, where it
    /// has none or several, or a plain WebSocket's text that is no JSON, as it came.
    public var form: DataForm

    /// An event.
    public init(
        id: String, time: Timestamp, trigger: Source, credential: Credential = .none, address: String? = nil,
        trace: TraceContext? = nil, idempotencyKey: String? = nil, data: [UInt8] = [],
        form: DataForm = .value
    ) {
        self.id = id
        self.time = time
        self.trigger = trigger
        self.credential = credential
        self.address = address
        self.trace = trace
        self.idempotencyKey = idempotencyKey
        self.data = data
        self.form = form
    }

    /// What brings events.
    public enum Source: Sendable, Equatable, CustomStringConvertible {
        /// An HTTP request.
        case http(method: String, path: String)
        /// A Socket.IO event, `$connect` and `$disconnect` among them, on a connection of a host.
        case socket(event: String, connection: String, host: String)
        /// Jobs of one group; `data` is an array of their payloads where the queue's batch is more than one.
        case queue(name: String, group: String)
        /// A trigger of a kind that only its own folder knows, by what stands behind its key.
        case other(kind: String, name: String)
        /// The command line or a test.
        case direct

        /// A word for logs and metrics.
        public var name: String {
            switch self {
            case .http: "http"
            case .socket: "socket"
            case .queue: "queue"
            case .other(let kind, _): kind
            case .direct: "direct"
            }
        }

        /// For lists and messages, as the manifest writes it: `http POST /echo`, `queue mail`.
        public var description: String {
            switch self {
            case .http(let method, let path): "http \(method) \(path)"
            case .socket(let event, _, _): "socket \(event)"
            case .queue(let name, _): "queue \(name)"
            case .other(let kind, let name): "\(kind) \(name)"
            case .direct: "direct"
            }
        }
    }

    /// What an event brings to prove who asks.
    public enum Credential: Sendable {
        /// Nothing.
        case none
        /// A token, still to be verified.
        case token(String)
        /// Claims that were verified before: a socket's, a job's, or a local developer's own word.
        case verified(Claims)
    }
}
