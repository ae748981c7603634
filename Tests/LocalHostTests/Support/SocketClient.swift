import Base
import Wire

/// A Socket.IO client over a WebSocket, one step at a time.
final class SocketClient {
    let client: Client
    let handshake: EngineIOHandshake
    private var decoder = WebSocketDecoder(role: .client)
    /// The Socket.IO id, once connected.
    private(set) var sid = ""

    static let fields =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    /// `time` is the parameter `t`: a fraction, as python-engineio's clients have it, which take no offsets.
    init(_ client: Client, fields: String = "", time: String? = "1.5") throws {
        self.client = client
        let parameter = time.map { "&t=\($0)" } ?? ""
        try client.send(
            request("GET", "/socket.io/?EIO=4&transport=websocket\(parameter)", Self.fields + fields))
        let response = try client.response()
        guard response.status == 101,
            response.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        else { throw ClientError.refused(response.status) }
        guard case .text(let text)? = try Self.next(client, &decoder),
            case .open(let handshake) = try EngineIOPacket(decoding: text)
        else { throw ClientError.notHTTP }
        self.handshake = handshake
    }

    private static func next(
        _ client: Client, _ decoder: inout WebSocketDecoder
    ) throws -> WebSocketDecoder.Message? {
        while true {
            if let message = try decoder.next() { return message }
            decoder.append(try client.receive())
        }
    }

    func message() throws -> WebSocketDecoder.Message? { try Self.next(client, &decoder) }

    /// The next text, Engine.IO's pings answered and passed over.
    func text() throws -> String {
        while true {
            switch try message() {
            case .text(let text) where text.hasPrefix("2"): try send("3" + text.dropFirst())
            case .text(let text): return text
            case let other: return "\(String(describing: other))"
            }
        }
    }

    /// The code of the close frame that comes next, pings and texts before it passed over.
    func closeCode() throws -> UInt16? {
        while true { if case .close(let code, _)? = try message() { return code } }
    }

    /// Sends a text frame as it is.
    func send(_ text: String) throws { try frame(.text, Array(text.utf8)) }

    func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8], masked: Bool = true) throws {
        var bytes: [UInt8] = []
        WebSocketEncoder.frame(opcode, payload, into: &bytes, maskedWith: masked ? 0x1234_5678 : nil)
        try client.send(bytes)
    }

    /// Asks for the main namespace; the server's answer.
    func tryConnect(auth: String = "") throws -> String {
        try send("40" + auth)
        return try text()
    }

    func connect(auth: String = "") throws {
        let answer = try tryConnect(auth: auth)
        guard answer.hasPrefix("40"), let members = JSONScanner.members(of: String(answer.dropFirst(2))),
            let value = members.first(where: { $0.name == "sid" })?.value
        else { throw ClientError.refused(0) }
        sid = JSONScanner.string(of: value) ?? ""
    }
}
