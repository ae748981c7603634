/// How a plain WebSocket endpoint behaves: an entry of `websockets` in the manifest.
public struct WebSocketSettings: Sendable, Equatable {
    /// The member of a JSON message whose text is the route; nil where every message goes to `$default`.
    public var routeBy: String?
    /// Whether messages may be compressed (`permessage-deflate`, RFC 7692).
    public var deflate: Bool
    /// The subprotocols that the endpoint speaks, the preferred first (RFC 6455 section 1.9).
    public var subprotocols: [String]
    /// The largest message, in bytes; nil takes that of ``SocketSettings``.
    public var maxPayload: Int?

    /// Settings made in code.
    public init(
        routeBy: String? = nil, deflate: Bool = false, subprotocols: [String] = [], maxPayload: Int? = nil
    ) {
        self.routeBy = routeBy
        self.deflate = deflate
        self.subprotocols = subprotocols
        self.maxPayload = maxPayload
    }
}
