internal import Base

extension SocketIOPacket {
    /// Names that the libraries raise themselves, so that no peer may send them as events.
    public static let reservedEvents: Set<String> = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// The name of an event and the raw JSON of each argument.
    ///
    /// Sizes are looked at before contents: a name that is too long is compared with nothing, and of arguments that
    /// are too many none is copied.
    public func event(
        limits: SocketIOLimits = .standard
    ) throws(SocketIOError) -> (name: String, arguments: [String]) {
        guard kind == .event || kind == .binaryEvent, let json else { throw .invalidPayload }
        let bytes = json.utf8.span
        let name = try Self.name(bytes, limits)
        guard !Self.reservedEvents.contains(name) else { throw .reservedEvent }
        let ranges = try Self.ranges(bytes, atMost: limits.arguments + 1)
        return (name: name, arguments: try Self.texts(bytes, ranges.dropFirst()))
    }

    /// The raw JSON of each argument of an acknowledgement.
    public func arguments(limits: SocketIOLimits = .standard) throws(SocketIOError) -> [String] {
        guard kind == .ack || kind == .binaryAck, let json else { throw .invalidPayload }
        let bytes = json.utf8.span
        return try Self.texts(bytes, Self.ranges(bytes, atMost: limits.arguments)[...])
    }

    /// The first element of an event's payload.
    private static func name(
        _ bytes: Span<UInt8>, _ limits: SocketIOLimits
    ) throws(SocketIOError) -> String {
        let bracket = JSONScanner.skipSpace(bytes, 0)
        guard JSONScanner.isByte(bytes, bracket, ASCII.leftBracket) else { throw .invalidPayload }
        let start = JSONScanner.skipSpace(bytes, bracket + 1)
        guard let end = JSONScanner.endOfString(bytes, from: start) else { throw .invalidPayload }
        // An escape takes up to six octets for one.
        guard end - start - 2 <= 6 * limits.eventNameBytes else { throw .nameTooLong }
        guard let name = bytes.utf8Text(start..<end).flatMap({ JSONScanner.string(of: $0) }) else {
            throw .invalidPayload
        }
        guard name.utf8.count <= limits.eventNameBytes else { throw .nameTooLong }
        return name
    }

    private static func ranges(
        _ bytes: Span<UInt8>, atMost limit: Int
    ) throws(SocketIOError) -> [Range<Int>] {
        do throws(JSONScanner.Fault) {
            return try JSONScanner.elementRanges(of: bytes, atMost: limit)
        } catch {
            switch error {
            case .malformed: throw .invalidPayload
            case .tooDeep: throw .tooDeep
            case .tooMany: throw .tooManyArguments
            }
        }
    }

    private static func texts(
        _ bytes: Span<UInt8>, _ ranges: ArraySlice<Range<Int>>
    ) throws(SocketIOError) -> [String] {
        var texts: [String] = []
        texts.reserveCapacity(ranges.count)
        for range in ranges {
            guard let text = bytes.utf8Text(range) else { throw .invalidPayload }
            texts.append(text)
        }
        return texts
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

    /// The raw JSON of arguments as `event` and `ack` take it: `json` as the one argument, or where it is a list the
    /// elements of that array, in one piece with the commas between them; nothing where it has none.
    public static func arguments(_ json: String, areList: Bool) -> [String] {
        guard areList else { return [json] }
        let bytes = json.utf8.span
        let start = JSONScanner.skipSpace(bytes, 0)
        var end = bytes.count
        while end > start, JSONScanner.isSpace(bytes[end - 1]) { end -= 1 }
        guard end - start >= 2, bytes[start] == ASCII.leftBracket, bytes[end - 1] == ASCII.rightBracket else {
            return [json]
        }
        let first = JSONScanner.skipSpace(bytes, start + 1)
        guard first < end - 1, let elements = bytes.utf8Text(first..<(end - 1)) else { return [] }
        return [elements]
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
