internal import Base

/// Why a text is not an Engine.IO packet.
public enum EngineIOError: Error, Equatable {
    /// Nothing at all.
    case empty
    /// The first character is not a packet type of version 4.
    case unknownType
    /// A close, upgrade or noop packet that carries something.
    case unexpectedPayload
    /// The handshake of an open packet is not the object of version 4.
    case invalidHandshake
    /// The octets of a binary message in text form are not Base64.
    case invalidBinary
    /// A packet of a polling payload is neither UTF-8 nor a binary message.
    case notText
    /// A polling payload has more packets than the limit.
    case tooManyPackets
}

/// One packet of the Engine.IO protocol, version 4, in its text form: a digit, then the payload.
/// https://socket.io/docs/v4/engine-io-protocol/
///
/// Over a WebSocket a text frame is a packet, and a binary frame is a message without the digit. Where only
/// text goes (`EngineIOPayload`) a binary message is `b` and its Base64.
public enum EngineIOPacket: Sendable, Equatable {
    /// The server's first packet.
    case open(EngineIOHandshake)
    /// The transport may be closed.
    case close
    /// The server's heartbeat; a client sends `probe` to try a transport before an upgrade.
    case ping(String)
    /// The answer, with the payload of the ping.
    case pong(String)
    /// A payload of the protocol above.
    case message(String)
    /// A payload of the protocol above that is no text.
    case binary([UInt8])
    /// The client goes over to the transport that it probed.
    case upgrade
    /// Ends a poll that waits.
    case noop

    /// What a binary message has in its text form in place of the digit.
    static let binaryMark: UInt8 = 0x62

    /// Reads a packet.
    public init(decoding text: String) throws(EngineIOError) {
        guard let type = text.utf8.first else { throw .empty }
        let payload = text.utf8.dropFirst()
        switch type {
        case 0x30: self = .open(try EngineIOHandshake(json: String(Substring(payload))))
        case 0x32: self = .ping(String(Substring(payload)))
        case 0x33: self = .pong(String(Substring(payload)))
        case 0x34: self = .message(String(Substring(payload)))
        case 0x31, 0x35, 0x36:
            guard payload.isEmpty else { throw .unexpectedPayload }
            self = type == 0x31 ? .close : type == 0x35 ? .upgrade : .noop
        case Self.binaryMark:
            guard let bytes = Base64.decode(String(Substring(payload))) else { throw .invalidBinary }
            self = .binary(bytes)
        default: throw .unknownType
        }
    }

    /// The packet as text. Over a WebSocket a binary message goes as a binary frame of its octets instead.
    public func encoded() -> String {
        switch self {
        case .open(let handshake): "0" + handshake.json
        case .close: "1"
        case .ping(let payload): "2" + payload
        case .pong(let payload): "3" + payload
        case .message(let payload): "4" + payload
        case .binary(let payload): "b" + Base64.encode(payload)
        case .upgrade: "5"
        case .noop: "6"
        }
    }
}

/// What the server tells in its open packet.
public struct EngineIOHandshake: Sendable, Equatable {
    /// The session's identifier, which the client's later requests name.
    public var sid: String
    /// The transports that the client may go over to.
    public var upgrades: [String]
    /// Between two pings of the server, in milliseconds.
    public var pingInterval: Int
    /// How long the server waits for a pong, in milliseconds.
    public var pingTimeout: Int
    /// The most octets of packets that one polling request may bring.
    public var maxPayload: Int

    /// A handshake of these parts.
    public init(sid: String, upgrades: [String], pingInterval: Int, pingTimeout: Int, maxPayload: Int) {
        self.sid = sid
        self.upgrades = upgrades
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = maxPayload
    }

    /// Reads the payload of an open packet; members that are not known here are passed over.
    public init(json: String) throws(EngineIOError) {
        guard let members = JSONScanner.members(of: json) else { throw .invalidHandshake }
        func member(_ name: String) -> String? { members.last { $0.name == name }?.value }
        func number(_ name: String) -> Int? { member(name).flatMap { Int($0) } }
        guard let sid = member("sid").flatMap({ JSONScanner.string(of: $0) }),
            let upgrades = member("upgrades").flatMap({ JSONScanner.elements(of: $0) }),
            let pingInterval = number("pingInterval"), let pingTimeout = number("pingTimeout"),
            let maxPayload = number("maxPayload")
        else { throw .invalidHandshake }
        var names: [String] = []
        for upgrade in upgrades {
            guard let name = JSONScanner.string(of: upgrade) else { throw .invalidHandshake }
            names.append(name)
        }
        self.init(
            sid: sid, upgrades: names, pingInterval: pingInterval, pingTimeout: pingTimeout,
            maxPayload: maxPayload)
    }

    /// The payload of the open packet.
    public var json: String {
        let upgrades = upgrades.map { JSONScanner.quoted($0) }.joined(separator: ",")
        return
            "{\"sid\":\(JSONScanner.quoted(sid)),\"upgrades\":[\(upgrades)],\"pingInterval\":\(pingInterval)"
            + ",\"pingTimeout\":\(pingTimeout),\"maxPayload\":\(maxPayload)}"
    }
}
