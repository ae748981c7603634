internal import Ledger
internal import Base
internal import Net
internal import Runtime
internal import Wire

/// A client's line to this host, whatever is spoken over it: an Engine.IO session over whichever transport it uses now
/// (`EngineSession`), or a plain WebSocket (`PlainSession`). Belongs to the loop's thread.
class Session {
    /// How far its end has come.
    enum Ending: Equatable {
        case none
        /// The client has been told that it ends; until when that is kept for its next poll.
        case told(until: Duration?)
        case gone
    }

    let id: UInt64
    /// The Engine.IO session's id; of a plain WebSocket a name for the log.
    let name: String
    /// The client's address, as the request that opened it has it.
    let address: String
    let table: Sessions
    /// The WebSocket; nil while it polls.
    final var channel: WebSocketChannel?
    /// By namespace, in the order in which they connected: mostly one. A plain WebSocket has one.
    final var sockets: [Socket] = []
    final var heartbeat: Heartbeat
    /// When a client without a namespace must have one.
    final var connectDeadline: Duration
    /// What ends it once the events before that are answered, and until when that may take.
    final private(set) var farewell: (what: Farewell, deadline: Duration)?
    final private(set) var ending = Ending.none
    /// Events that no function takes, and new tokens.
    private var strays: TokenBucket?
    /// What it holds in memory is noted.
    private var isNoted = false

    final var core: HostCore { table.core }
    final var hub: SocketHub { table.hub }
    final var limits: HostLimits { table.core.limits }
    final var settings: SocketSettings { table.core.settings }
    /// Whether it takes nothing more.
    final var isClosing: Bool { ending != .none }

    init(_ table: Sessions, id: UInt64, name: String, address: String) {
        self.table = table
        self.id = id
        self.name = name
        self.address = address
        heartbeat = Heartbeat(now: table.core.now, table.core.settings)
        connectDeadline = table.core.now + table.core.settings.connectTimeout
    }

    // MARK: What each kind does its own way

    /// Where its events are, if not in the main namespace.
    func place(of socket: Socket) -> String { socket.namespace }
    /// What takes the events that nothing else is bound to.
    var fallbackEvent: String { Trigger.fallbackEvent }
    /// Whether it speaks Socket.IO, with its namespaces, offsets and acknowledgements.
    var isSocketIO: Bool { true }
    /// A message over its WebSocket.
    func receive(_ message: WebSocketDecoder.Message, over channel: WebSocketChannel) {}
    /// A pong frame, and a ping's turn.
    func receivePong() {}
    func ping() {}
    /// Tells a socket's client that it is connected, or how `$connect` has refused it.
    func grant(_ socket: Socket) {}
    func deny(_ socket: Socket, _ outcome: Outcome) {}
    /// Sends a socket away that was told why.
    func part(from socket: Socket, code: UInt16, _ text: String) {}
    /// Answers an event, if there is still somebody to answer.
    func answer(
        _ event: Socket.WaitingEvent, _ json: String, _ form: DataForm = .value, of socket: Socket
    ) {}
    /// Whether anybody would see such an answer.
    func wantsAnswer(to event: Socket.WaitingEvent) -> Bool { event.acknowledgement != nil }
    /// Keeps a packet while there is no WebSocket.
    func keep(_ packet: OutgoingPacket, isVolatile: Bool) {}
    /// Bytes of requests that are being taken, and of packets that wait for a poll.
    var heldBytes: (received: Int, unsent: Int) { (0, 0) }
    /// The earliest of its own deadlines, and what is to be done about them.
    var ownDeadline: Duration? { nil }
    func lookAtOwn() {}
    /// Tells the client that the session ends. Until when that is kept.
    func tellEnd(code: UInt16, _ text: String) -> Duration? {
        channel?.sendClose(code: code, text)
        return nil
    }
    /// It takes nothing more; its client is not there any more.
    func ended() {}
    func dropped() {}
    /// A WebSocket of its own is gone.
    func lost(_ channel: WebSocketChannel) {
        guard self.channel === channel else { return }
        self.channel = nil
        drop(.transportClose)
    }
    /// Ends where the client is to come back by itself: to a connect error it would not.
    func turnAway() {
        guard !isClosing else { return }
        if channel != nil { return end(.transportError, code: 1013, "try again later") }
        drop(.transportError)
    }
    /// Room has come for what waited.
    func goOn() {
        endIfAnswered()
        weigh()
        channel?.advance()
    }
    /// The host stops.
    func stop() {
        guard !sockets.contains(where: \.life.isHandling) else { return }
        end(.serverShutdown, code: 1001, "the server stops")
    }

    // MARK: Sending

    /// Queues a packet; it goes out at the end of the turn, or with the client's next poll.
    ///
    /// A share in a broadcast may wait a moment for the next one.
    final func send(_ packet: OutgoingPacket, isVolatile: Bool = false, isBroadcast: Bool = false) {
        guard !isClosing else { return }
        if let channel {
            channel.send(packet, isVolatile: isVolatile, isBroadcast: isBroadcast)
        } else {
            keep(packet, isVolatile: isVolatile)
        }
    }

    /// Its client reads too slowly, so that it would hold memory of everybody else.
    final func endSlowReader() {
        core.log.write(
            .warning, "A socket was closed: it reads too slowly",
            [("socket", .string(name)), (CallerWord.field, .string(sockets.first?.subject ?? ""))],
            at: core.wallClock)
        end(.transportError, code: 1013, "it reads too slowly")
    }

    // MARK: Shares

    /// Notes what it holds: events that wait for those before them, a POST that is being taken, packets for a poll.
    final func weigh() {
        guard ending != .gone else { return }
        let held = heldBytes
        isNoted = table.shares.note(
            ClientShares.entry(ofLink: id),
            received: sockets.reduce(held.received) { $0 + $1.waitingBytes },
            unsent: held.unsent, before: isNoted)
    }

    /// Notes whether it is in a namespace. To be called when that may have changed.
    final func notePlace() {
        if ending == .gone || sockets.contains(where: \.life.isOpen) {
            table.shares.unconnected.leave(id)
        } else {
            table.shares.unconnected.take(id, by: AddressBlock.of(address))
        }
    }

    /// Whether as many events wait as may.
    final var hasBacklog: Bool {
        if farewell != nil { return true }
        return sockets.contains { socket in
            socket.waiting.count >= limits.queuedEvents
                || !socket.waiting.isEmpty && socket.waitingBytes >= limits.queuedEventBytes
        }
    }

    /// Whether an event that no function takes, or a new token, is looked at: a client may send so many.
    final func admitsStray(_ event: Socket.WaitingEvent, _ socket: Socket) -> Bool {
        var strays = strays ?? TokenBucket(limits.strayEvents, at: core.now)
        let wait = strays.take(limits.strayEvents, at: core.now)
        self.strays = strays
        guard let wait else { return true }
        // Where nobody asks, no text is made.
        if wantsAnswer(to: event) {
            let problem = Problem(.rateExceeded, "Too many such events.", retryAfter: wait)
            answer(event, core.told(problem), of: socket)
        }
        return false
    }

    // MARK: Time

    /// Has it looked at when the next of its deadlines comes up. To call where one has been set or moved forward.
    final func plan() {
        switch ending {
        case .gone: return
        case .told(let deadline):
            if let deadline { table.deadlines.plan(id, by: deadline) }
            return
        case .none: break
        }
        var next = heartbeat.deadline
        if let own = ownDeadline { next = min(next, own) }
        if let farewell { next = min(next, farewell.deadline) }
        if sockets.isEmpty { next = min(next, connectDeadline) }
        for socket in sockets { if let deadline = hub.deadline(of: socket) { next = min(next, deadline) } }
        table.deadlines.plan(id, by: next)
    }

    /// A deadline may have come.
    final func look() {
        sweep()
        plan()
    }

    private func sweep() {
        let now = core.now
        if case .told(let deadline) = ending {
            if let deadline, now >= deadline { drop(.transportClose) }
            return
        }
        for socket in sockets { hub.look(at: socket) }
        guard !isClosing else { return }
        lookAtOwn()
        endIfAnswered()
        guard !isClosing else { return }
        if hasBacklog { heartbeat.isHeldUp(now, settings) }
        if heartbeat.isOver(now) { return drop(.pingTimeout) }
        if sockets.isEmpty, now >= connectDeadline {
            return end(.serverDisconnect, "not connected in time")
        }
        if heartbeat.pings(now, settings) { ping() }
    }

    /// Bytes have come from the client.
    final func hears() { heartbeat.hears(core.now, settings, limits) }

    // MARK: Ending

    /// Ends it: its sockets leave, and the client is told as far as it listens. `code` and `text` are for a WebSocket
    /// (RFC 6455 section 7.4.1).
    final func end(_ reason: DisconnectReason, code: UInt16 = 1000, _ text: String = "") {
        guard !isClosing else { return }
        for socket in sockets { hub.leave(socket, reason) }
        guard !isClosing else { return }
        ending = .told(until: tellEnd(code: code, text))
        plan()
        ended()
    }

    /// Ends it: at once, or behind the answers to the events that came before, but not later than
    /// `HostLimits.lastAnswers`. Nothing more is read meanwhile.
    final func end(behindAnswers farewell: Farewell) {
        guard !isClosing, self.farewell == nil else { return }
        guard isAnswering else { return perform(farewell) }
        self.farewell = (farewell, core.now + limits.lastAnswers)
        plan()
    }

    /// Whether an event is being handled, or waits for its turn.
    final var isAnswering: Bool { sockets.contains { $0.life.isHandling || !$0.waiting.isEmpty } }

    /// Ends it where it is to end, once it has its answers or has waited long enough.
    final func endIfAnswered() {
        guard let farewell, !isAnswering || core.now >= farewell.deadline else { return }
        self.farewell = nil
        perform(farewell.what)
    }

    private func perform(_ farewell: Farewell) {
        switch farewell {
        case .violation(let code, let text): end(.parseError, code: code, text)
        case .brokenFrames(let code, let text):
            end(.parseError, code: code, text)
            // No close frame of the client's can be recognised any more.
            channel?.transport.lingers = true
            channel?.transport.closeWhenSent()
        case .goodbye(let code):
            guard let channel else { return }
            channel.answerClose(code)
            for socket in sockets { hub.leave(socket, .transportClose) }
            ending = .told(until: nil)
        }
    }

    /// Ends it where its client is not there any more.
    final func drop(_ reason: DisconnectReason) {
        for socket in sockets { hub.leave(socket, reason) }
        ending = .gone
        table.forget(self)
        notePlace()
        if let channel {
            self.channel = nil
            channel.transport.close()
        }
        dropped()
    }

    /// Ends it at once, for others need the place; its client may come again.
    final func evict() {
        if let channel {
            // The frame still goes out, but the session is gone.
            channel.sendClose(code: 1013, "others need the place")
            self.channel = nil
            channel.transport.closeWhenSent()
        }
        drop(.transportClose)
    }
}
