internal import Base

/// Puts binary packets of Socket.IO together: the packet comes first, then its attachments one by one, with
/// no other packet between them.
///
/// A connection owns one and hands it every packet and every binary message. An error leaves nothing behind;
/// the receiver closes the connection.
public struct SocketIOAssembler: Sendable {
    private let limits: SocketIOLimits
    private var packet: SocketIOPacket?
    private var attachments: [[UInt8]] = []
    /// How many octets of attachments are held.
    public private(set) var bufferedBytes = 0

    /// An assembler for one connection.
    public init(limits: SocketIOLimits = .standard) {
        self.limits = limits
    }

    /// Whether attachments are due.
    public var isWaiting: Bool { packet != nil }

    /// Takes in a packet, and gives it back where it is whole: at once where it has no attachments; nil where
    /// they are due. A whole packet is never a binary one: it is an event or an acknowledgement with its octets
    /// as `{"$binary":"<Base64>"}` (`BinaryJSON`); one that is nested too deeply keeps its placeholders, and its
    /// `event()` or `arguments()` throw.
    public mutating func receive(_ packet: SocketIOPacket) throws(SocketIOError) -> SocketIOPacket? {
        guard self.packet == nil else {
            reset()
            throw .attachmentsDue
        }
        guard packet.kind.isBinary else { return packet }
        guard packet.attachments <= limits.attachments else { throw .tooManyAttachments }
        guard packet.attachments > 0 else { return try Self.whole(packet, []) }
        self.packet = packet
        return nil
    }

    /// Takes in an attachment, and gives back the packet that it makes whole; nil while more are due.
    public mutating func receive(attachment: [UInt8]) throws(SocketIOError) -> SocketIOPacket? {
        guard let packet else { throw .unexpectedAttachment }
        guard attachment.count <= limits.attachmentBytes - bufferedBytes else {
            reset()
            throw .attachmentsTooLong
        }
        bufferedBytes += attachment.count
        attachments.append(attachment)
        guard attachments.count == packet.attachments else { return nil }
        let complete = attachments
        reset()
        return try Self.whole(packet, complete)
    }

    private mutating func reset() {
        packet = nil
        attachments = []
        bufferedBytes = 0
    }

    private static func whole(
        _ packet: SocketIOPacket, _ attachments: [[UInt8]]
    ) throws(SocketIOError) -> SocketIOPacket {
        guard let json = packet.json else { throw .invalidPayload }
        var packet = packet
        packet.kind = packet.kind == .binaryEvent ? .event : .ack
        packet.attachments = 0
        do throws(SocketIOError) {
            packet.json = try BinaryJSON.inlined(json: json, attachments: attachments)
        } catch {
            // Whoever reads the packet finds the same, and knows by then whom to tell.
            guard error == .tooDeep else { throw error }
        }
        return packet
    }
}
