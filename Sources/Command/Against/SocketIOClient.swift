internal import Base
internal import FoundationEssentials
internal import Net
internal import Runtime
internal import Wire

/// A Socket.IO v5 client over a WebSocket: https://socket.io/docs/v4/socket-io-protocol/
///
/// It never waits: `service` takes what has arrived, and whoever owns it waits between. The states follow each other:
/// upgrading, opened (Engine.IO), connected (Socket.IO).
final class SocketIOClient {
    /// What came of asking for the main namespace.
    enum Connecting: Equatable {
        case accepted
        /// With the `data` of the `connect_error`; JSON text.
        case refused(String)
    }

    let connection: ClientConnection
    /// The Engine.IO handshake has come.
    private(set) var isOpened = false
    /// The answer to the connect.
    private(set) var connecting: Connecting?
    /// Why it is of no more use.
    private(set) var failure: TrafficFailure?
    /// Events that the host has sent.
    private(set) var delivered = 0

    private let accept: String
    private let limits: AgainstLimits
    private var upgrade: HTTPAnswerReader?
    private var decoder: WebSocketDecoder
    private var random: SeededRandom
    private var lastID = 0
    /// Acknowledgements that nobody has taken; for a client that waits for each, one at most.
    private var acknowledgement: (id: Int, arguments: [String])?

    /// Asks for the upgrade. `fields` are whole lines of the request's head.
    init(
        _ connection: ClientConnection, host: String, path: String, fields: String, seed: UInt64,
        limits: AgainstLimits, until deadline: Duration
    ) throws(TrafficFailure) {
        self.connection = connection
        self.limits = limits
        random = SeededRandom(seed: seed)
        upgrade = HTTPAnswerReader(limits: limits, tolerating: .upgrade)
        decoder = WebSocketDecoder(
            limits: WebSocketLimits(frameBytes: limits.answerBytes, messageBytes: limits.answerBytes),
            role: .client)
        var nonce: [UInt8] = []
        for _ in 0..<16 { nonce.append(UInt8(truncatingIfNeeded: random.next() >> 32)) }
        let key = Base64.encode(nonce)
        accept = Base64.encode(Cryptography.sha1(Array((key + WebSocketHandshake.guid).utf8)))
        let request =
            "GET \(path)?EIO=4&transport=websocket HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n\(fields)\r\n"
        try send(bytes: Array(request.utf8), until: deadline)
    }

    /// Whether events can be sent.
    var isConnected: Bool { connecting == .accepted && failure == nil && !connection.hasEnded }

    // MARK: Sending

    /// Asks for the main namespace; `auth` is JSON text, or empty.
    func connect(auth: String, until deadline: Duration) throws(TrafficFailure) {
        connecting = nil
        try send(SocketIOPacket(kind: .connect, json: auth.isEmpty ? nil : auth), until: deadline)
    }

    /// Sends an event that is to be acknowledged, its arguments as raw JSON; the acknowledgement's id.
    func emit(
        _ name: String, arguments: [String], until deadline: Duration
    ) throws(TrafficFailure) -> Int {
        lastID += 1
        acknowledgement = nil
        try send(.event(name, json: arguments, id: lastID), until: deadline)
        return lastID
    }

    /// Leaves, and ends the connection.
    func disconnect(until deadline: Duration) throws(TrafficFailure) {
        if connecting == .accepted { try send(.disconnect(), until: deadline) }
        connecting = nil
        let close = WebSocketEncoder.close(
            code: 1000, maskedWith: UInt32(truncatingIfNeeded: random.next() >> 32))
        try send(bytes: close, until: deadline)
    }

    /// The arguments of the acknowledgement of `id`, once it has come.
    func takeAcknowledgement(_ id: Int) -> [String]? {
        guard let known = acknowledgement, known.id == id else { return nil }
        acknowledgement = nil
        return known.arguments
    }

    private func send(_ packet: SocketIOPacket, until deadline: Duration) throws(TrafficFailure) {
        try send(.message(packet.encoded()), until: deadline)
    }

    private func send(_ packet: EngineIOPacket, until deadline: Duration) throws(TrafficFailure) {
        var bytes: [UInt8] = []
        // A client masks every frame with a key of its own (RFC 6455 section 5.3).
        WebSocketEncoder.frame(
            .text, packet.encoded(), into: &bytes,
            maskedWith: UInt32(truncatingIfNeeded: random.next() >> 32))
        try send(bytes: bytes, until: deadline)
    }

    private func send(bytes: [UInt8], until deadline: Duration) throws(TrafficFailure) {
        do throws(ConnectionError) {
            try connection.send(bytes, until: deadline)
        } catch { throw TrafficFailure(sending: error) }
    }

    // MARK: Receiving

    /// Takes what has arrived, and answers pings until `deadline` at the longest.
    func service(until deadline: Duration) {
        connection.fill(atMost: limits.answerBytes * 2)
        let bytes = connection.take()
        if failure == nil, !bytes.isEmpty {
            do throws(TrafficFailure) {
                try receive(bytes, until: deadline)
            } catch {
                failure = error
                connection.end()
            }
        }
        if connection.hasEnded, failure == nil { failure = .closed }
    }

    private func receive(_ bytes: [UInt8], until deadline: Duration) throws(TrafficFailure) {
        if upgrade != nil {
            try finishUpgrade(bytes)
        } else {
            decoder.append(bytes)
        }
        guard upgrade == nil else { return }
        while let message = try next() {
            switch message {
            case .text(let text): try receive(packet: text, until: deadline)
            case .binary, .pong: break
            case .ping(let payload):
                var frame: [UInt8] = []
                WebSocketEncoder.frame(
                    .pong, payload, into: &frame,
                    maskedWith: UInt32(truncatingIfNeeded: random.next() >> 32))
                try send(bytes: frame, until: deadline)
            case .close:
                connection.end()
                throw .closed
            }
        }
    }

    private func next() throws(TrafficFailure) -> WebSocketDecoder.Message? {
        do throws(WebSocketError) { return try decoder.next() } catch { throw .badAnswer("\(error)") }
    }

    private func finishUpgrade(_ bytes: [UInt8]) throws(TrafficFailure) {
        upgrade?.append(bytes)
        let answer: HTTPAnswer?
        do throws(HTTPResponseError) {
            answer = try upgrade?.next(atEnd: connection.hasEnded)
        } catch { throw TrafficFailure(error) }
        guard let answer else { return }
        guard answer.head.status == 101 else {
            throw .badAnswer("status \(answer.head.status) instead of a WebSocket")
        }
        guard answer.head.headers["Sec-WebSocket-Accept"] == accept else {
            throw .badAnswer("the WebSocket's handshake is not the one asked for")
        }
        decoder.append(upgrade?.takeRemaining() ?? [])
        upgrade = nil
    }

    private func receive(packet text: String, until deadline: Duration) throws(TrafficFailure) {
        let packet: EngineIOPacket
        do throws(EngineIOError) {
            packet = try EngineIOPacket(decoding: text)
        } catch { throw .badAnswer("not an Engine.IO packet") }
        switch packet {
        case .open: isOpened = true
        case .ping(let payload): try send(.pong(payload), until: deadline)
        case .close:
            connection.end()
            throw .closed
        case .message(let text):
            do throws(SocketIOError) {
                try receive(SocketIOPacket(decoding: text, limits: SocketIOLimits(idDigits: 18)))
            } catch { throw .badAnswer("not a Socket.IO packet") }
        case .pong, .upgrade, .noop, .binary: break
        }
    }

    private func receive(_ packet: SocketIOPacket) throws(SocketIOError) {
        guard packet.namespace == "/" else { return }
        switch packet.kind {
        case .connect: connecting = .accepted
        case .connectError:
            let data = packet.json.flatMap { JSONScanner.members(of: $0) }?.last { $0.name == "data" }?.value
            connecting = .refused(data ?? packet.json ?? "")
        case .ack:
            if let id = packet.id { acknowledgement = (id, try packet.arguments()) }
        case .event, .binaryEvent: delivered += 1
        case .disconnect: connecting = nil
        case .binaryAck: break
        }
    }
}
