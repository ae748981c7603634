import Base
import Wire

/// What a decoder made of some bytes.
private struct WebSocketReading: Equatable {
    var messages: [WebSocketDecoder.Message] = []
    var failure: WebSocketError?

    init(
        _ pieces: [ArraySlice<UInt8>], _ limits: WebSocketLimits, _ role: WebSocketDecoder.Role,
        _ deflate: PerMessageDeflate?
    ) {
        var decoder = WebSocketDecoder(limits: limits, role: role, deflate: deflate)
        for piece in pieces {
            decoder.append(piece)
            do throws(WebSocketError) {
                while let message = try decoder.next() {
                    messages.append(message)
                    // A fuzzer's input may have thousands of empty frames; as many as this show all there is.
                    if messages.count > 4_096 { return }
                }
            } catch { failure = error }
            require(
                decoder.bufferedBytes <= limits.messageBytes + limits.frameBytes + 14,
                "no more is kept than the limits say")
        }
    }
}

/// Frames: the same at each cut, within the limits, and the same again when they are written anew. The first octet
/// says who reads, and what was negotiated.
func fuzzWebSocket(_ input: [UInt8]) {
    guard let settings = input.first else { return }
    let bytes = Array(input.dropFirst())
    let role: WebSocketDecoder.Role = settings & 1 == 0 ? .server : .client
    var offer = PerMessageDeflate.Offer()
    offer.clientNoContextTakeover = settings & 4 != 0
    offer.serverNoContextTakeover = settings & 8 != 0
    let deflate = settings & 2 == 0 ? nil : PerMessageDeflate(offer)
    let tight = WebSocketLimits(frameBytes: 64, messageBytes: 96, fragments: 4, controlFrames: 2)
    for limits in [WebSocketLimits.standard, tight] {
        let ways = Pieces.ways(bytes)
        let whole = WebSocketReading(ways[0], limits, role, deflate)
        for way in ways.dropFirst() {
            require(WebSocketReading(way, limits, role, deflate) == whole, "a cut changes nothing")
        }
        for message in whole.messages { check(message, limits, role, deflate) }
        if let failure = whole.failure {
            require((1000...1011).contains(failure.closeCode), "the code of a failure is for the wire")
        }
    }
}

private func check(
    _ message: WebSocketDecoder.Message, _ limits: WebSocketLimits, _ role: WebSocketDecoder.Role,
    _ deflate: PerMessageDeflate?
) {
    let (opcode, payload): (WebSocketOpcode, [UInt8])
    switch message {
    case .text(let text): (opcode, payload) = (.text, Array(text.utf8))
    case .binary(let bytes): (opcode, payload) = (.binary, bytes)
    case .ping(let bytes): (opcode, payload) = (.ping, bytes)
    case .pong(let bytes): (opcode, payload) = (.pong, bytes)
    case .close(let code, let reason):
        require(reason.utf8.count <= 123, "a reason fits into its frame")
        guard let code else { return }
        (opcode, payload) = (.close, [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(reason.utf8))
    }
    require(payload.count <= (opcode.isControl ? 125 : limits.messageBytes), "a message is within its limit")
    let key: UInt32? = role == .server ? 0x37FA_213D : nil
    var frame: [UInt8] = []
    WebSocketEncoder.frame(opcode, payload, into: &frame, isFinal: true, maskedWith: key)
    let again = WebSocketReading([frame[...]], .standard, role, nil)
    require(again.failure == nil && again.messages == [message], "what is written anew is the same")
    guard let deflate, !opcode.isControl else { return }
    let peer: WebSocketDecoder.Role = role == .server ? .client : .server
    let deflated = WebSocketDeflater(deflate, role: peer).deflate(payload)
    let inflated = try? WebSocketInflater(deflate, role: role).inflate(deflated, atMost: payload.count)
    require(inflated == payload, "what is compressed comes back")
}
