import Base
@testable import Wire

/// Packets, the assembler and binary values. Between the octets 0x1E stand messages; one that starts with `b` is an
/// attachment.
func fuzzSocketIO(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let limits = SocketIOLimits(attachments: 10, attachmentBytes: 4_096)
    var assembler = SocketIOAssembler(limits: limits)
    for message in bytes.split(separator: 0x1E, omittingEmptySubsequences: false) {
        let whole: SocketIOPacket?
        if message.first == UInt8(ascii: "b") {
            whole = (try? assembler.receive(attachment: Array(message.dropFirst()))) ?? nil
        } else {
            guard let text = String(validating: message, as: UTF8.self) else { continue }
            checkBinary(text)
            guard let packet = try? SocketIOPacket(decoding: text, limits: limits) else { continue }
            check(packet, limits)
            whole = (try? assembler.receive(packet)) ?? nil
        }
        require(assembler.bufferedBytes <= limits.attachmentBytes, "attachments are within their limit")
        guard let whole else { continue }
        require(!whole.kind.isBinary && whole.attachments == 0, "a whole packet has its octets in it")
        require(!assembler.isWaiting, "behind a whole packet nothing is due")
        if let parts = whole.deconstructed() {
            var other = SocketIOAssembler(
                limits: SocketIOLimits(attachments: parts.attachments.count, attachmentBytes: .max))
            var again = (try? other.receive(parts.packet)) ?? nil
            for attachment in parts.attachments {
                again = (try? other.receive(attachment: attachment)) ?? nil
            }
            require(again?.deconstructed()?.packet == parts.packet, "what is taken apart goes together again")
            require(
                again?.deconstructed()?.attachments == parts.attachments,
                "the attachments go together again")
        }
    }
}

private func check(_ packet: SocketIOPacket, _ limits: SocketIOLimits) {
    require(packet.attachments <= limits.attachments, "attachments are counted")
    require(packet.namespace.utf8.count <= limits.namespaceBytes, "a namespace is within its limit")
    let encoded = packet.encoded()
    require((try? SocketIOPacket(decoding: encoded, limits: limits)) == packet, "a packet is the same again")
    if let (name, arguments) = try? packet.event() {
        require(!SocketIOPacket.reservedEvents.contains(name), "no peer sends a reserved event")
        for argument in arguments {
            require(JSONScanner.isValue(Array(argument.utf8)), "an argument is one value")
        }
        let again = SocketIOPacket.event(name, json: arguments, namespace: packet.namespace, id: packet.id)
        let reread = try? SocketIOPacket(decoding: again.encoded(), limits: limits).event()
        require(reread?.name == name && reread?.arguments == arguments, "an event is the same again")
    }
    if let arguments = try? packet.arguments() {
        for argument in arguments {
            require(JSONScanner.isValue(Array(argument.utf8)), "an argument is one value")
        }
    }
}

private func checkBinary(_ text: String) {
    guard let (json, attachments) = BinaryJSON.extracted(json: text) else { return }
    require(!attachments.isEmpty, "without octets nothing is taken out")
    guard let inlined = try? BinaryJSON.inlined(json: json, attachments: attachments) else {
        return require(false, "what was taken out can be put back")
    }
    let again = BinaryJSON.extracted(json: inlined)
    require(again?.json == json && again?.attachments == attachments, "octets come back")
}
