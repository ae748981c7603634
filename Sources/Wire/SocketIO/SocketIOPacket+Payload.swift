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

    /// Grants a namespace: the server's answer to a connect. `pid` is the private id with which a client may
    /// have the connection recovered.
    public static func connect(
        sid: String, pid: String? = nil, namespace: String = "/"
    ) -> SocketIOPacket {
        var json = "{\"sid\":" + JSONScanner.quoted(sid)
        if let pid { json += ",\"pid\":" + JSONScanner.quoted(pid) }
        return SocketIOPacket(kind: .connect, namespace: namespace, json: json + "}")
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

    /// An event with the raw JSON of each argument; `id` asks for an acknowledgement. With `attachments` it is a
    /// binary one, whose arguments have a placeholder for each (`BinaryJSON.extracted`).
    public static func event(
        _ name: String, json: [String], namespace: String = "/", id: Int? = nil, attachments: Int = 0
    ) -> SocketIOPacket {
        let elements = [JSONScanner.quoted(name)] + json
        return SocketIOPacket(
            kind: attachments > 0 ? .binaryEvent : .event, namespace: namespace, id: id,
            attachments: attachments, json: "[" + elements.joined(separator: ",") + "]")
    }

    /// The acknowledgement of the event with this id, with the raw JSON of each argument. With `attachments` it
    /// is a binary one, whose arguments have a placeholder for each (`BinaryJSON.extracted`).
    public static func ack(
        id: Int, json: [String], namespace: String = "/", attachments: Int = 0
    ) -> SocketIOPacket {
        SocketIOPacket(
            kind: attachments > 0 ? .binaryAck : .ack, namespace: namespace, id: id,
            attachments: attachments, json: "[" + json.joined(separator: ",") + "]")
    }

    /// The packet with its binary values (`{"$binary":"<Base64>"}`) taken out: a binary event or
    /// acknowledgement, and the attachments to send behind it; nil where an event or acknowledgement has none,
    /// and for every other packet. `SocketIOAssembler` does the reverse.
    public func deconstructed() -> (packet: SocketIOPacket, attachments: [[UInt8]])? {
        guard kind == .event || kind == .ack, let json, let parts = BinaryJSON.extracted(json: json) else {
            return nil
        }
        var packet = self
        packet.kind = kind == .event ? .binaryEvent : .binaryAck
        packet.attachments = parts.attachments.count
        packet.json = parts.json
        return (packet: packet, attachments: parts.attachments)
    }
}
