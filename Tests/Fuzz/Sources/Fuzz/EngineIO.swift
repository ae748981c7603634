import Base
@testable import Wire

/// Packets and payloads: within the limits, and the same again when they are written anew.
func fuzzEngineIO(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let limits = EngineIOLimits.standard
    if let packets = try? EngineIOPayload.decode(bytes, limits: limits) {
        require(packets.count <= limits.payloadPackets, "there are no more packets than the limit")
        require(!packets.isEmpty, "a payload has a packet")
        let written = EngineIOPayload.encode(packets)
        require(
            (try? EngineIOPayload.decode(written, limits: limits)) == packets, "packets are the same again")
        for packet in packets { check(packet) }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    if let packet = try? EngineIOPacket(decoding: text) { check(packet) }
    if let handshake = try? EngineIOHandshake(json: text) {
        require((try? EngineIOHandshake(json: handshake.json)) == handshake, "a handshake is the same again")
    }
    if let octets = Base64.decode(text) {
        let encoded = Base64.encode(octets)
        require(Base64.decode(encoded) == octets, "Base64 comes back")
    }
}

private func check(_ packet: EngineIOPacket) {
    require((try? EngineIOPacket(decoding: packet.encoded())) == packet, "a packet is the same again")
}
