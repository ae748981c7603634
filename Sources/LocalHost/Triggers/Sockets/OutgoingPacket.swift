internal import Base
internal import Ledger
internal import Wire

/// A packet on its way to one client or to thousands, in each form in which somebody gets it. A form is made once, when
/// the first one needs it.
final class OutgoingPacket {
    private enum Content {
        /// An Engine.IO packet, and binary messages that belong to it.
        case engine(EngineIOPacket, attachments: [[UInt8]])
        /// A message of a plain WebSocket.
        case plain(WebSocketOpcode, [UInt8])
    }

    private let content: Content
    /// What it counts in a queue: its bytes, and what an object costs.
    let byteCount: Int
    private static let cost = 128

    init(_ packet: EngineIOPacket) {
        content = .engine(packet, attachments: [])
        byteCount = packet.byteCount + Self.cost
    }

    /// A Socket.IO packet whose payload may hold `{"$binary":…}`, which go as attachments.
    init(_ packet: SocketIOPacket) {
        var packet = packet
        var attachments: [[UInt8]] = []
        if let json = packet.json, let extracted = BinaryJSON.extracted(json: json) {
            packet.json = extracted.json
            packet.attachments = extracted.attachments.count
            packet.kind = packet.kind == .ack ? .binaryAck : .binaryEvent
            attachments = extracted.attachments
        }
        let message = EngineIOPacket.message(packet.encoded())
        content = .engine(message, attachments: attachments)
        byteCount = attachments.reduce(message.byteCount + Self.cost) { $0 + $1.count + 64 }
    }

    /// A message of a plain WebSocket: JSON text, the bytes of a JSON value `{"$binary":…}`, or the text of a JSON string
    /// that is of that form.
    init(plain json: String, form: DataForm = .value) {
        if form == .text, let text = JSONScanner.string(of: json) {
            content = .plain(.text, Array(text.utf8))
            byteCount = text.utf8.count + Self.cost
        } else if let extracted = BinaryJSON.extracted(json: json), extracted.attachments.count == 1,
            extracted.json.utf8.first == UInt8(ascii: "{"), extracted.json.hasPrefix(#"{"_placeholder""#)
        {
            content = .plain(.binary, extracted.attachments[0])
            byteCount = extracted.attachments[0].count + Self.cost
        } else {
            content = .plain(.text, Array(json.utf8))
            byteCount = json.utf8.count + Self.cost
        }
    }

    /// For polling.
    var packets: [EngineIOPacket] {
        switch content {
        case .engine(let packet, let attachments): [packet] + attachments.map { .binary($0) }
        case .plain: []
        }
    }

    /// For a WebSocket.
    lazy var frames: [UInt8] = {
        var bytes: [UInt8] = []
        switch content {
        case .engine(let packet, let attachments):
            let text = packet.encoded()
            bytes.reserveCapacity(text.utf8.count + 10)
            WebSocketEncoder.frame(.text, text, into: &bytes)
            for attachment in attachments { WebSocketEncoder.frame(.binary, attachment, into: &bytes) }
        case .plain(let opcode, let message): WebSocketEncoder.frame(opcode, message, into: &bytes)
        }
        return bytes
    }()

    /// For a WebSocket that compresses: its own bytes, for each has a window of its own.
    func frames(deflatedBy deflater: WebSocketDeflater) -> [UInt8] {
        guard case .plain(let opcode, let message) = content else { return frames }
        var bytes: [UInt8] = []
        WebSocketEncoder.frame(opcode, deflater.deflate(message), into: &bytes, isCompressed: true)
        return bytes
    }
}

extension EngineIOPacket {
    /// Roughly what it takes on the wire.
    var byteCount: Int {
        switch self {
        case .message(let text), .ping(let text), .pong(let text): text.utf8.count + 1
        case .binary(let bytes): bytes.count
        case .open, .close, .upgrade, .noop: 1
        }
    }
}
