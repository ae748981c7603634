extension SocketIOPacket {
    /// Names that the libraries raise themselves, so that no peer may send them as events.
    public static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// The name of an event and the raw JSON of each argument.
    public func event() throws(SocketIOError) -> (name: String, arguments: [String]) {
        guard kind == .event || kind == .binaryEvent, let json,
            var elements = JSONScanner.elements(of: json), let first = elements.first,
            let name = JSONScanner.string(of: first)
        else { throw .invalidPayload }
        guard !Self.reservedEvents.contains(name) else { throw .reservedEvent }
        elements.removeFirst()
        return (name: name, arguments: elements)
    }

    /// The raw JSON of each argument of an acknowledgement.
    public func arguments() throws(SocketIOError) -> [String] {
        guard kind == .ack || kind == .binaryAck, let json, let elements = JSONScanner.elements(of: json)
        else { throw .invalidPayload }
        return elements
    }

    /// Grants a namespace: the server's answer to a connect.
    public static func connect(sid: String, namespace: String = "/") -> SocketIOPacket {
        SocketIOPacket(
            kind: .connect, namespace: namespace, json: "{\"sid\":" + JSONScanner.quoted(sid) + "}")
    }

    /// Refuses a namespace. `data` is raw JSON.
    public static func connectError(
        message: String, data: String? = nil, namespace: String = "/"
    ) -> SocketIOPacket {
        var json = "{\"message\":" + JSONScanner.quoted(message)
        if let data { json += ",\"data\":" + data }
        return SocketIOPacket(kind: .connectError, namespace: namespace, json: json + "}")
    }

    /// Leaves a namespace.
    public static func disconnect(namespace: String = "/") -> SocketIOPacket {
        SocketIOPacket(kind: .disconnect, namespace: namespace)
    }

    /// An event with the raw JSON of each argument; `id` asks for an acknowledgement.
    public static func event(
        _ name: String, json: [String], namespace: String = "/", id: Int? = nil
    ) -> SocketIOPacket {
        let elements = [JSONScanner.quoted(name)] + json
        return SocketIOPacket(
            kind: .event, namespace: namespace, id: id,
            json: "[" + elements.joined(separator: ",") + "]")
    }

    /// The acknowledgement of the event with this id, with the raw JSON of each argument.
    public static func ack(id: Int, json: [String], namespace: String = "/") -> SocketIOPacket {
        SocketIOPacket(
            kind: .ack, namespace: namespace, id: id, json: "[" + json.joined(separator: ",") + "]")
    }
}
