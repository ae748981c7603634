internal import Base

/// The body of a request or a response of Engine.IO's polling transport: packets in their text form, with the
/// octet 0x1e between them.
/// https://socket.io/docs/v4/engine-io-protocol/#http-long-polling-1
public enum EngineIOPayload {
    /// Reads the packets of a body. The caller has limited the body's octets (`maxPayload`).
    ///
    /// An empty body has one packet, which is empty and so none; likewise one that ends with a separator.
    ///
    /// - Parameters:
    ///   - bytes: the body.
    ///   - limits: how many packets there may be.
    public static func decode(
        _ bytes: [UInt8], limits: EngineIOLimits = .standard
    ) throws(EngineIOError) -> [EngineIOPacket] {
        var packets = try Packets(bytes, limits: limits)
        var all: [EngineIOPacket] = []
        while let packet = try packets.next() { all.append(packet) }
        return all
    }

    /// The packets of a body one at a time, so that a host can turn to others between two of them. Nothing is read of
    /// a packet before it is asked for, but the packets are counted.
    public struct Packets: Sendable {
        private let body: [UInt8]
        /// Where the next packet starts; nil behind the last.
        private var start: Int? = 0

        /// The packets of a body; throws where there are more than the limit.
        public init(_ body: [UInt8], limits: EngineIOLimits = .standard) throws(EngineIOError) {
            var separators = 0
            for byte in body where byte == ASCII.recordSeparator { separators += 1 }
            guard separators < limits.payloadPackets else { throw .tooManyPackets }
            self.body = body
        }

        /// Whether there is no further packet.
        public var isAtEnd: Bool { start == nil }

        /// The next packet; nil behind the last. An error is of one packet: what to make of the rest is the caller's
        /// to say.
        public mutating func next() throws(EngineIOError) -> EngineIOPacket? {
            guard let start else { return nil }
            let body = self.body
            let bytes = body.span
            var end = start
            while end < bytes.count, bytes[end] != ASCII.recordSeparator { end += 1 }
            self.start = end < bytes.count ? end + 1 : nil
            return try packet(bytes, start..<end)
        }
    }

    /// The body of these packets; empty where there are none. No text in them may hold the octet 0x1e, as no
    /// JSON does.
    public static func encode(_ packets: [EngineIOPacket]) -> [UInt8] {
        var bytes: [UInt8] = []
        var isFirst = true
        for packet in packets {
            if !isFirst { bytes.append(ASCII.recordSeparator) }
            isFirst = false
            if case .binary(let payload) = packet {
                bytes.append(EngineIOPacket.binaryMark)
                Base64.append(payload.span, to: &bytes)
            } else {
                bytes.append(contentsOf: packet.encoded().utf8)
            }
        }
        return bytes
    }

    private static func packet(
        _ body: Span<UInt8>, _ range: Range<Int>
    ) throws(EngineIOError) -> EngineIOPacket {
        guard !range.isEmpty else { throw .empty }
        if body[range.lowerBound] == EngineIOPacket.binaryMark {
            guard let payload = Base64.decode(body, range.dropFirst()) else { throw .invalidBinary }
            return .binary(payload)
        }
        guard let text = body.utf8Text(range) else { throw .notText }
        return try EngineIOPacket(decoding: text)
    }
}

/// How much of everything Engine.IO's packets may bring, beyond what the transport limits.
public struct EngineIOLimits: Sendable, Equatable {
    /// The packets of one polling request. A client that was offline sends all that it kept in one.
    public var payloadPackets: Int

    /// Limits that differ from the standard ones where named.
    public init(payloadPackets: Int = 4096) {
        self.payloadPackets = payloadPackets
    }

    /// What a host uses unless it knows better.
    public static let standard = EngineIOLimits()
}
