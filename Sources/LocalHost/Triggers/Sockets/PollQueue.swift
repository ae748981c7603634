internal import Wire

/// Packets that wait for a client's next poll.
struct PollQueue {
    private struct Waiting {
        let packet: OutgoingPacket
        let isVolatile: Bool
    }

    private var packets: [Waiting] = []
    private(set) var byteCount = 0
    /// How many packets of the first of them have gone: one with attachments is several.
    private var gone = 0
    /// The pong that waits: there is one at most.
    private weak var pong: OutgoingPacket?

    var isEmpty: Bool { packets.isEmpty }

    mutating func append(_ packet: OutgoingPacket, isVolatile: Bool = false) {
        packets.append(Waiting(packet: packet, isVolatile: isVolatile))
        byteCount += packet.byteCount
    }

    /// Whether a ping is to be answered: once, however many there were since the last poll.
    mutating func takesPong(_ packet: OutgoingPacket) -> Bool {
        guard pong == nil else { return false }
        pong = packet
        return true
    }

    /// Drops what may be lost.
    mutating func dropVolatile() {
        // One that has gone in part must go on.
        let begun = gone > 0 ? 1 : 0
        packets = packets.prefix(begun) + packets.dropFirst(begun).filter { !$0.isVolatile }
        byteCount = packets.reduce(0) { $0 + $1.packet.byteCount }
    }

    mutating func clear() {
        packets = []
        byteCount = 0
        gone = 0
    }

    /// What one answer takes along: so many packets, and of a packet with attachments perhaps not all. The rest waits for
    /// the next poll.
    mutating func take(_ limits: HostLimits) -> [EngineIOPacket] {
        var taken: [EngineIOPacket] = []
        var count = 0
        var bytes = 0
        for waiting in packets {
            guard count == 0 || bytes + waiting.packet.byteCount <= limits.pollBytes else { break }
            let parts = waiting.packet.packets.dropFirst(gone)
            // A close is an answer of its own: JavaScript's client ends its line before it has looked at the messages in
            // front of it, keeps them for its next connection, and has them told again there.
            if case .close? = parts.first, !taken.isEmpty { break }
            let room = limits.pollPackets - taken.count
            taken += parts.prefix(room)
            guard parts.count <= room else {
                gone += room
                break
            }
            gone = 0
            bytes += waiting.packet.byteCount
            count += 1
            if taken.count == limits.pollPackets { break }
        }
        packets.removeFirst(count)
        byteCount -= bytes
        return taken
    }

    /// Everything, for a session that goes over to a WebSocket.
    mutating func takeAll() -> [(packet: OutgoingPacket, isVolatile: Bool)] {
        var all: [(packet: OutgoingPacket, isVolatile: Bool)] = []
        var rest = packets[...]
        if gone > 0, let first = rest.popFirst() {
            all += first.packet.packets.dropFirst(gone).map { (OutgoingPacket($0), false) }
        }
        all += rest.map { ($0.packet, $0.isVolatile) }
        clear()
        return all
    }
}
