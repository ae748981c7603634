internal import Ledger
internal import Base
internal import Net
internal import Runtime
internal import Wire

/// An Engine.IO v4 session: over HTTP long-polling, over a WebSocket, and on the way from one to the other. Speaks
/// Socket.IO. https://socket.io/docs/v4/engine-io-protocol/
final class EngineSession: Session {
    /// A WebSocket that the session may go over to, and until when.
    private struct Upgrade {
        let channel: WebSocketChannel
        var deadline: Duration?
    }

    /// Who opened it.
    var opener: SessionOpener?
    /// Whether its handlers can take one argument more: an event's offset, for recovery.
    let takesOffsets: Bool
    private var poll: WaitingPoll?
    private(set) var post: ArrivingPost?
    /// What waits for the next poll.
    private var queue = PollQueue()
    /// Already among those whose polls are answered at the end of the turn.
    var isDirty = false
    private var upgrade: Upgrade?
    /// The candidate has been probed: polls are answered at once, so that the client can go over.
    private var isProbed = false
    /// When a poll may be answered for nothing again.
    private var nextNoop: Duration = .zero
    /// Puts a binary packet together with its attachments.
    private var assembler: SocketIOAssembler

    init(_ table: Sessions, id: UInt64, name: String, address: String, takesOffsets: Bool) {
        self.takesOffsets = takesOffsets
        assembler = SocketIOAssembler(
            limits: SocketIOLimits(attachmentBytes: table.core.settings.maxPayload))
        super.init(table, id: id, name: name, address: address)
    }

    var callers: [String] { sockets.compactMap(\.subject) }
    var hasPoll: Bool { poll != nil }

    func send(_ packet: EngineIOPacket) { send(OutgoingPacket(packet)) }
    func send(_ packet: SocketIOPacket) { send(OutgoingPacket(packet)) }

    // MARK: Requests

    /// A further request of its client.
    func serve(_ request: HTTPRequest, _ connection: HTTPConnection, of sender: SessionOpener) {
        let isUpgrade = WebSocketHandshake.isRequested(by: request)
        guard opener?.admits(sender, isUpgrade: isUpgrade, callers: callers) ?? true else {
            return table.refuse(connection, request, .unknownSession)
        }
        if isUpgrade { return openCandidate(request, connection) }
        // Once over, a session does not go back.
        let isPolling = request.queryItems().first { $0.name == "transport" }?.value == "polling"
        guard isPolling, channel == nil else { return table.refuse(connection, request, .badRequest) }
        switch request.method {
        case "GET": poll(request, connection)
        case "POST": receivePost(request, connection)
        default: table.refuse(connection, request, .badRequest)
        }
    }

    func poll(_ request: HTTPRequest, _ connection: HTTPConnection) {
        guard poll == nil else {
            // The protocol wants the session closed: two polls could take packets past one another.
            table.refuse(connection, request, .badRequest)
            return end(.transportError, "two polls at once")
        }
        poll = WaitingPoll(connection: connection, request: request)
        connection.poll = self
        if isProbed, queue.isEmpty {
            // At once the first time. Where the upgrade packet gets lost on its way, the client polls on.
            if core.now >= nextNoop { sendNoop() } else { plan() }
        }
        if !queue.isEmpty { table.markDirty(self) }
    }

    /// Ends a poll so that its client can go over to the WebSocket that it has probed.
    private func sendNoop() {
        nextNoop = core.now + limits.noopInterval
        send(.noop)
    }

    private func takePoll() -> WaitingPoll? {
        guard let poll else { return nil }
        self.poll = nil
        poll.connection.poll = nil
        return poll.connection.transport.isOpen ? poll : nil
    }

    func answerPoll() {
        guard poll != nil, !queue.isEmpty, let poll = takePoll() else { return }
        let packets = queue.take(limits)
        weigh()
        table.answer(
            poll.connection, poll.request, type: "text/plain; charset=UTF-8",
            EngineIOPayload.encode(packets))
        if isClosing, queue.isEmpty { drop(.transportClose) }
        poll.connection.advance()
    }

    private func receivePost(_ request: HTTPRequest, _ connection: HTTPConnection) {
        guard post == nil, !isClosing else {
            table.refuse(connection, request, .badRequest)
            return end(.transportError, "two posts at once")
        }
        do throws(EngineIOError) {
            let packets = try EngineIOPayload.Packets(request.body)
            post = ArrivingPost(connection: connection, request: request, packets: packets)
            connection.sender = self
            takePost()
        } catch {
            table.refuse(connection, request, .badRequest)
            drop(.parseError)
        }
    }

    /// Takes packets of a POST as far as there is room for their events; the answer waits for the last.
    func takePost() {
        do throws(EngineIOError) {
            // Where the client has gone, the rest is taken nevertheless: it was received.
            let transport = post.flatMap { $0.connection.transport.isOpen ? $0.connection.transport : nil }
            while !isClosing, !hasBacklog, transport?.hasTurn() ?? true,
                let packet = try post?.packets.next()
            {
                transport?.spend(TurnCredit.Cost.packet + packet.byteCount)
                receive(packet)
            }
        } catch {
            // What stood before it has been taken.
            if let post, post.connection.transport.isOpen {
                self.post = nil
                table.refuse(post.connection, post.request, .badRequest)
            }
            guard isAnswering || !queue.isEmpty else { return drop(.parseError) }
            // With a poll, behind its answers.
            return end(behindAnswers: .violation(code: 1002, text: "not an Engine.IO packet"))
        }
        weigh()
        if isClosing || post?.packets.isAtEnd == true { answerPost() }
    }

    private func answerPost() {
        guard let post else { return }
        self.post = nil
        let connection = post.connection
        guard connection.transport.isOpen else { return }
        connection.sender = nil
        table.answer(connection, post.request, type: "text/html", Array("ok".utf8))
        // Not from here: what it has sent behind the POST may be another one.
        core.loop.callSoon { if connection.transport.isOpen { connection.advance() } }
    }

    /// A connection that brought a poll or a POST is gone.
    func lost(_ connection: HTTPConnection) {
        if post?.connection === connection {
            // Not from here: the loop may be taking it.
            core.loop.callSoon { [self] in if ending != .gone { takePost() } }
        }
        if poll?.connection === connection {
            poll = nil
            // Its client has gone, or cannot know what of an answer was lost on the way: it comes back, and recovers.
            drop(.transportError)
        }
    }

    // MARK: WebSocket

    /// Opens a WebSocket for a session that polls; it goes over when it has probed it.
    private func openCandidate(_ request: HTTPRequest, _ connection: HTTPConnection) {
        guard !isClosing, !core.lifecycle.isStopping else {
            return table.refuse(connection, request, .badRequest)
        }
        guard let candidate = table.openChannel(self, request, connection) else { return }
        // One more than it can use is taken and closed, as Engine.IO's own server does.
        guard channel == nil, upgrade == nil else {
            candidate.sendClose(code: 1000, "the session has a WebSocket already")
            candidate.begin(connection.takeRest())
            return candidate.transport.expire(at: core.now + limits.partingTime)
        }
        upgrade = Upgrade(channel: candidate, deadline: core.now + settings.upgradeTimeout)
        plan()
        candidate.begin(connection.takeRest())
    }

    /// A text frame is a packet, a binary frame a message without its digit.
    override func receive(_ message: WebSocketDecoder.Message, over channel: WebSocketChannel) {
        let packet: EngineIOPacket
        switch message {
        case .binary(let bytes): packet = .binary(bytes)
        case .text(let text):
            do throws(EngineIOError) {
                packet = try EngineIOPacket(decoding: text)
            } catch { return channel.fail(1002, "not an Engine.IO packet") }
        default: return
        }
        if self.channel === channel { receive(packet) } else { receiveCandidate(packet, channel) }
    }

    /// Packets of a WebSocket that the session has not gone over to yet.
    private func receiveCandidate(_ packet: EngineIOPacket, _ candidate: WebSocketChannel) {
        switch packet {
        case .ping("probe"):
            candidate.transport.queue { WebSocketEncoder.frame(.text, "3probe", into: &$0.bytes) }
            isProbed = true
            // The client waits for its poll to end before it goes over.
            if poll != nil, queue.isEmpty { sendNoop() }
        case .upgrade where isProbed: goOver(to: candidate)
        default: candidate.sendClose(code: 1002, "not a probe")
        }
    }

    private func goOver(to candidate: WebSocketChannel) {
        if poll != nil, queue.isEmpty { send(.noop) }
        if poll != nil { answerPoll() }
        upgrade = nil
        isProbed = false
        channel = candidate
        let waiting = queue.takeAll()
        weigh()
        for (packet, isVolatile) in waiting { send(packet, isVolatile: isVolatile) }
    }

    // MARK: Packets

    private func receive(_ packet: EngineIOPacket) {
        switch packet {
        case .pong: heartbeat.pong()
        case .ping(let payload): pong(payload)
        case .message(let text):
            receiveSocketIO("packet") { () throws(SocketIOError) in
                try assembler.receive(SocketIOPacket(decoding: text, limits: SocketIO.limits))
            }
        case .binary(let bytes):
            receiveSocketIO("attachment") { () throws(SocketIOError) in
                try assembler.receive(attachment: bytes)
            }
        case .close:
            if channel != nil { return end(.transportClose) }
            if poll != nil, queue.isEmpty { send(.noop) }
            answerPoll()
            answerPost()
            drop(.transportClose)
        case .open, .upgrade, .noop: break
        }
    }

    private func receiveSocketIO(_ what: String, _ read: () throws(SocketIOError) -> SocketIOPacket?) {
        do throws(SocketIOError) {
            if let whole = try read() { try SocketIO.receive(whole, self) }
        } catch {
            end(behindAnswers: .violation(code: 1002, text: "not a Socket.IO \(what)"))
        }
    }

    private func pong(_ payload: String) {
        let packet = OutgoingPacket(.pong(payload))
        if let channel {
            channel.sendPong(packet.frames)
        } else if queue.takesPong(packet) {
            send(packet)
        }
    }

    override func ping() { send(table.pingPacket) }

    override func keep(_ packet: OutgoingPacket, isVolatile: Bool) {
        queue.append(packet, isVolatile: isVolatile)
        if queue.byteCount > settings.sendQueue { shed() }
        weigh()
        if poll != nil { table.markDirty(self) }
    }

    private func shed() {
        queue.dropVolatile()
        guard queue.byteCount > settings.sendQueue else { return }
        queue.clear()
        endSlowReader()
    }

    // MARK: Socket.IO

    override func grant(_ socket: Socket) {
        var json = #"{"sid":\#(JSONScanner.quoted(socket.connectionID))"#
        if socket.isRecoverable { json += #","pid":\#(JSONScanner.quoted(socket.connectionID))"# }
        send(SocketIOPacket(kind: .connect, namespace: socket.namespace, json: json + "}"))
    }

    override func deny(_ socket: Socket, _ outcome: Outcome) {
        send(
            .connectError(
                message: outcome.problem?.kind.title ?? "refused", data: outcome.json,
                namespace: socket.namespace))
    }

    override func part(from socket: Socket, code: UInt16, _ text: String) {
        send(.disconnect(namespace: socket.namespace))
        hub.leave(socket, .serverDisconnect)
        guard sockets.isEmpty else { return }
        // A moment later: a client that sees its line end at once does not look at what came before.
        connectDeadline = core.now + limits.partingTime
        plan()
    }

    override func answer(
        _ event: Socket.WaitingEvent, _ json: String, _ form: DataForm, of socket: Socket
    ) {
        guard let id = event.acknowledgement else { return }
        let arguments = SocketIOPacket.arguments(json, areList: form == .arguments)
        send(.ack(id: id, json: arguments, namespace: socket.namespace))
    }

    // MARK: Memory, time, end

    override var heldBytes: (received: Int, unsent: Int) {
        ((post?.request.body.count ?? 0) + assembler.bufferedBytes, queue.byteCount)
    }

    override var ownDeadline: Duration? {
        let noop = poll != nil && isProbed && queue.isEmpty ? nextNoop : nil
        guard let deadline = upgrade?.deadline else { return noop }
        return noop.map { min($0, deadline) } ?? deadline
    }

    override func lookAtOwn() {
        if let upgrade, let deadline = upgrade.deadline, core.now >= deadline {
            self.upgrade?.deadline = nil
            upgrade.channel.sendClose(code: 1000, "not upgraded in time")
            upgrade.channel.transport.closeWhenSent()
            isProbed = false
        }
        if poll != nil, isProbed, queue.isEmpty, core.now >= nextNoop { sendNoop() }
    }

    override func tellEnd(code: UInt16, _ text: String) -> Duration? {
        upgrade?.channel.sendClose(code: 1000, "")
        if channel != nil { return super.tellEnd(code: code, text) }
        // With its next poll, if there is one soon.
        send(.close)
        return core.now + limits.closeTime
    }

    override func ended() { answerPost() }

    override func dropped() {
        if let upgrade {
            self.upgrade = nil
            upgrade.channel.transport.close()
        }
        answerPost()
        if let poll = takePoll() { table.refuse(poll.connection, poll.request, .unknownSession) }
    }

    override func lost(_ channel: WebSocketChannel) {
        guard upgrade?.channel === channel else { return super.lost(channel) }
        // The session goes on polling.
        upgrade = nil
        isProbed = false
    }

    override func turnAway() {
        if !isClosing, channel == nil, let poll = takePoll() {
            poll.connection.answer(hub.tooManyConnects, to: poll.request)
        }
        super.turnAway()
    }

    override func goOn() {
        endIfAnswered()
        weigh()
        if post != nil { takePost() }
        channel?.advance()
    }

    override func stop() {
        guard channel == nil, !sockets.contains(where: \.life.isHandling) else { return super.stop() }
        // Not with a close packet: python-engineio's client takes that one for good, and this is a restart. Its
        // poll fails instead, as over a WebSocket the connection does.
        answerPoll()
        drop(.serverShutdown)
    }

    /// What waits is dropped with it.
    func evictAll() {
        queue.clear()
        evict()
    }
}
