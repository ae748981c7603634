internal import Base
internal import Net
internal import Runtime
internal import Wire

/// WebSocket over a transport (RFC 6455), below whatever is spoken over it.
final class WebSocketChannel: Speaker {
    let transport: Transport
    /// Whose it is. While an Engine.IO session still polls, the channel is only a candidate (`EngineSession.upgrade`).
    let session: Session
    private var decoder: WebSocketDecoder
    /// Compresses what is sent, where that was agreed upon.
    private let deflater: WebSocketDeflater?
    /// Close frame sent; waits for the client's.
    private(set) var isClosing = false

    init(_ transport: Transport, _ session: Session, deflate: PerMessageDeflate?, payload bytes: Int) {
        self.transport = transport
        self.session = session
        decoder = WebSocketDecoder(
            limits: WebSocketLimits(frameBytes: bytes, messageBytes: bytes), deflate: deflate)
        deflater = deflate.map { WebSocketDeflater($0) }
    }

    /// Whether it is the session's own, and not one that it may go over to.
    private var isSessions: Bool { session.channel === self }

    // MARK: What the transport asks

    var heldBytes: Int { decoder.bufferedBytes }
    var hasRoom: Bool { transport.isEnding || !session.hasBacklog }
    var isAnswering: Bool { false }
    var outlivesPeer: Bool { false }
    /// A WebSocket has its session's deadlines, until it closes.
    var hasOwnDeadlines: Bool { !isClosing }
    var isHTTP: Bool { false }

    func received(_ bytes: UnsafeRawBufferPointer) {
        unsafe decoder.append(bytes)
        session.hears()
        advance()
    }
    func goOn() { advance() }
    func wasSent() -> Bool { true }
    func mayAnswer() {}
    func expire() { transport.close() }
    func closed() { session.lost(self) }

    func evict() {
        let hasRead = transport.output.cost <= ClientShares.leastNoted
        decoder = WebSocketDecoder()
        // What it does not read is what has to go.
        if isSessions, hasRead { session.evict() } else { transport.close() }
    }

    // MARK: Receiving

    /// Takes what the client has sent behind its upgrade.
    func begin(_ rest: [UInt8]) {
        transport.markDirty()
        guard !rest.isEmpty else { return }
        decoder.append(rest)
        advance()
    }

    /// Takes what has arrived as far as there is room for it.
    func advance() {
        do throws(WebSocketError) {
            // Beyond the limit, what has been read waits unread, and so does what the client still sends.
            while transport.isOpen, !transport.isEnding, !session.hasBacklog, decoder.bufferedBytes > 0,
                transport.hasTurn(), let message = try decoder.next()
            {
                transport.spend(TurnCredit.Cost.packet + message.byteCount)
                receive(message)
            }
        } catch {
            if isSessions, !session.isClosing {
                session.end(behindAnswers: .brokenFrames(code: error.closeCode, text: error.detail))
            } else {
                // No close frame of the client's can be recognised any more.
                sendClose(code: error.closeCode, error.detail)
                transport.lingers = true
                transport.closeWhenSent()
            }
        }
        session.weigh()
        transport.watch()
    }

    private func receive(_ message: WebSocketDecoder.Message) {
        switch message {
        case .ping(let payload):
            guard !isClosing else { return }
            var frame: [UInt8] = []
            WebSocketEncoder.frame(.pong, payload, into: &frame)
            transport.queue { $0.frames.appendPong(frame) }
        case .pong: session.receivePong()
        case .close(let code, _):
            if isSessions, !session.isClosing { return session.end(behindAnswers: .goodbye(code: code)) }
            answerClose(code)
        case .text, .binary:
            if !isClosing, !session.isClosing { session.receive(message, over: self) }
        }
    }

    /// Ends what broke the protocol.
    func fail(_ code: UInt16, _ text: String) {
        if isSessions {
            session.end(behindAnswers: .violation(code: code, text: text))
        } else {
            sendClose(code: code, text)
        }
    }

    // MARK: Sending

    func send(_ packet: OutgoingPacket, isVolatile: Bool, isBroadcast: Bool) {
        guard !transport.isEnding else { return }
        if let deflater {
            // Each message is deflated against those before it, so none may be dropped.
            transport.output.frames.append(packet.frames(deflatedBy: deflater))
        } else {
            transport.output.frames.append(packet.frames, isVolatile: isVolatile)
        }
        if transport.output.cost > session.settings.sendQueue { shed() }
        if isBroadcast { transport.gather() } else { transport.markDirty() }
    }

    /// A reader that does not keep up loses what may be lost; if that does not help it is disconnected.
    private func shed() {
        transport.output.frames.dropVolatile()
        if transport.output.cost > session.settings.sendQueue { session.endSlowReader() }
    }

    /// Sends a frame as it is.
    func send(_ frame: [UInt8]) { transport.queue { $0.frames.append(frame) } }

    func sendPong(_ frame: [UInt8]) { transport.queue { $0.frames.appendPong(frame) } }

    /// Sends a close frame, and waits a moment for the client's.
    func sendClose(code: UInt16, _ text: String) {
        guard !isClosing else { return }
        isClosing = true
        send(WebSocketEncoder.close(code: code, reason: text))
        transport.expire(at: session.core.now + session.limits.closeTime)
    }

    /// The client has sent a close frame: answers it, if it is no answer itself, and closes.
    func answerClose(_ code: UInt16?) {
        if !isClosing {
            isClosing = true
            send(WebSocketEncoder.close(code: code ?? 1000))
        }
        transport.closeWhenSent()
    }
}
