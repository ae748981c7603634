internal import Base
internal import Ledger
internal import Runtime

/// The sockets of this host, whatever they speak: does what `SocketLife` says of each, and brings them what is committed.
/// Writes no bytes: those are its sessions'.
final class SocketHub {
    let core: HostCore
    let routes: SocketRoutes
    let index = SocketIndex()
    /// Connection ids, each of which one socket has at a time: until the last thing that runs for it has ended.
    private let ids = TaskTurns()
    let caller: PatientCaller
    let departures: Departures
    private let recovery: Recovery
    /// Sockets that wait for their `$connect`.
    private(set) var connectsWaiting = 0

    var limits: HostLimits { core.limits }

    init(_ core: HostCore, _ routes: SocketRoutes) {
        self.core = core
        self.routes = routes
        caller = PatientCaller(core)
        recovery = Recovery(core)
        departures = Departures(core, routes, index, ids, caller)
    }

    func nextKey() -> UInt64 { index.nextKey() }

    /// A new connection's id: who names it may go on with the connection.
    func connectionID() -> String { core.engine.platform.secretIdentifier("socket") }

    // MARK: Life

    /// Takes up a new socket of a session; `data` is what its `$connect` gets.
    func begin(_ socket: Socket, data: [UInt8]) {
        socket.session.sockets.append(socket)
        index.add(socket)
        guard let entry = routes.function(forEvent: socket.fullName(of: Trigger.connectEvent)) else {
            index.name(socket)
            socket.hasID = ids.take(socket.connectionID)
            return tell(socket, .welcome)
        }
        guard hasRoomForConnects else { return tell(socket, .failed) }
        index.name(socket)
        socket.connecting?.deadline = core.now + core.settings.connectTimeout
        socket.session.plan()
        connectsWaiting += 1
        core.tasks.start {
            await self.takeUpWish(of: socket)
            await self.waitForTurn(socket, entry)
            self.connectsWaiting -= 1
            guard socket.life.isWaiting else { return self.caller.leave(entry) }
            let returns = await self.mayReturn(socket)
            guard socket.life.isWaiting else { return self.caller.leave(entry) }
            self.tell(socket, returns ? .turnToReturn : .turn, data: data)
        }
    }

    /// Whether one more socket may wait for its `$connect`. Where not, clients are sent away so that they come back.
    var hasRoomForConnects: Bool { connectsWaiting < limits.waitingConnects }

    /// Why nobody else can be taken up just now.
    var tooManyConnects: Problem {
        Problem(.busy, "Too many sockets connect at once.", retryAfter: limits.retryAfter)
    }

    private func waitForTurn(_ socket: Socket, _ entry: FunctionEntry) async {
        if index[socket.key] != nil {
            await ids.turn(socket.connectionID)
            if index[socket.key] != nil { socket.hasID = true } else { ids.leave(socket.connectionID) }
        }
        await caller.take(entry)
    }

    func tell(_ socket: Socket, _ input: SocketLife.Input, data: [UInt8] = []) {
        for action in socket.life.receive(input) { perform(action, socket, data) }
    }

    private func perform(_ action: SocketLife.Action, _ socket: Socket, _ data: [UInt8]) {
        switch action {
        case .connect: core.tasks.start { await self.runConnect(socket, data) }
        case .catchUp: core.tasks.start { await self.catchUp(socket) }
        case .open: open(socket)
        case .deny:
            guard let outcome = socket.connecting?.refusal else { return }
            socket.session.deny(socket, outcome)
            socket.session.plan()
        case .turnAway: socket.session.turnAway()
        case .forget: forget(socket)
        case .disconnect(let isLost): core.tasks.start { await self.runDisconnect(socket, isLost: isLost) }
        case .release:
            index.remove(socket)
            if socket.hasID { ids.leave(socket.connectionID) }
        }
    }

    /// Runs `$connect`, and gives the place that was taken for it back.
    private func runConnect(_ socket: Socket, _ data: [UInt8]) async {
        let name = socket.fullName(of: Trigger.connectEvent)
        guard let entry = routes.function(forEvent: name) else { return }
        let outcome = await caller.insist(on: entry, until: socket.connecting?.deadline ?? core.now) {
            socket.life.isGone ? nil : event(name, socket, data: data)
        }
        caller.leave(entry)
        guard let outcome, outcome.isSuccess else {
            socket.connecting?.refusal = outcome
            return tell(socket, outcome?.isDenial == true ? .denied : .failed)
        }
        socket.isRecorded = outcome.hasConnected
        if let claims = outcome.claims {
            socket.credential = .verified(claims)
            if !socket.life.isGone { index.assign(socket, to: claims.subject) }
        }
        let isSame = await recovery.isSameConnection(socket)
        tell(socket, .admitted)
        if !isSame { tell(socket, .lost) }
    }

    /// The client is connected: it is told so, with what it missed and what has come for it in the meantime.
    private func open(_ socket: Socket) {
        let connecting = socket.connecting
        index.countAsOpen(socket)
        socket.session.notePlace()
        socket.session.grant(socket)
        if let connecting {
            for packet in connecting.missed + connecting.held { socket.session.send(packet) }
        }
        socket.session.plan()
        handleNext(socket)
    }

    private func forget(_ socket: Socket) {
        index.forget(socket)
        socket.session.sockets.removeAll { $0 === socket }
        socket.session.notePlace()
        socket.forgetAll()
    }

    private func runDisconnect(_ socket: Socket, isLost: Bool) async {
        await departures.depart(
            Departure(
                connectionID: socket.connectionID, event: socket.fullName(of: Trigger.disconnectEvent),
                claims: socket.claims, address: socket.session.address,
                reason: socket.reason ?? .transportError, isLost: isLost))
        tell(socket, .departed)
    }

    // MARK: Leaving

    /// Ends a socket, and runs `$disconnect` behind the last of its events.
    func leave(_ socket: Socket, _ reason: DisconnectReason) {
        socket.reason = socket.reason ?? reason
        tell(socket, reason.isRecoverable ? .dropped : .left)
    }

    /// Ends a socket whose client has come back on another session: nothing of it is forgotten.
    private func supplant(_ socket: Socket) {
        let session = socket.session
        tell(socket, .supplanted)
        if session.sockets.isEmpty { session.end(.transportClose, "the client is elsewhere") }
    }

    /// Tells a socket that its token is no good any more, and closes it.
    private func endToken(_ socket: Socket, _ reason: String) {
        let emit = Emit(rooms: [], event: "token_expired", json: #"{"reason":"\#(reason)"}"#)
        var delivery = Delivery(emit, number: 0)
        socket.session.send(delivery.packet(for: socket))
        socket.session.part(from: socket, code: 1008, "the token has ended")
    }

    // MARK: Time

    /// When a socket is to be looked at.
    func deadline(of socket: Socket) -> Duration? {
        var next = socket.connecting?.deadline
        for question in socket.questions.values {
            next = next.map { min($0, question.deadline) } ?? question.deadline
        }
        if socket.life.isOpen, let end = socket.claims?.expiresAt {
            let deadline = core.now + (end - core.wallClock)
            next = next.map { min($0, deadline) } ?? deadline
        }
        return next
    }

    func look(at socket: Socket) {
        if let connecting = socket.connecting, core.now >= connecting.deadline {
            // Where it is on its way back and never gets there, it is to begin anew.
            tell(socket, .lost)
            return socket.session.turnAway()
        }
        guard socket.life.isOpen else { return }
        if let end = socket.claims?.expiresAt, core.wallClock >= end { return endToken(socket, "expired") }
        guard !socket.questions.isEmpty else { return }
        for (number, question) in socket.questions where core.now >= question.deadline {
            socket.questions[number] = nil
            answered(question, by: socket, data: nil)
        }
    }

    // MARK: Coming back

    /// Gives a socket that asks to come back the id that it had, where it may: it waits for that id's turn then. The place
    /// may still be held by the socket that it had before.
    private func takeUpWish(of socket: Socket) async {
        guard let wish = socket.connecting?.wish else { return }
        guard await recovery.resumption(of: wish, in: socket.namespace) != nil else {
            socket.connecting?.wish = nil
            return
        }
        guard socket.life.isWaiting else { return }
        index.unname(socket)
        if let before = index.socket(of: wish.connectionID) { supplant(before) }
        socket.connectionID = wish.connectionID
        index.name(socket)
    }

    /// Whether a socket whose turn has come still finds what it wished to come back to. If not it gets an id of its own.
    private func mayReturn(_ socket: Socket) async -> Bool {
        guard let connecting = socket.connecting, let wish = connecting.wish else { return false }
        connecting.resumption = await recovery.resumption(of: wish, in: socket.namespace)
        guard connecting.resumption == nil else { return true }
        connecting.wish = nil
        index.unname(socket)
        if socket.hasID { ids.leave(socket.connectionID) }
        socket.connectionID = connectionID()
        socket.hasID = ids.take(socket.connectionID)
        index.name(socket)
        return false
    }

    /// Reads what a client has missed, up to where it has its rooms again. What is said in them meanwhile is held.
    private func catchUp(_ socket: Socket) async {
        guard let resumption = socket.connecting?.resumption, let end = resumption.at else { return }
        let missed = await recovery.missed(by: socket, resumption, through: end)
        socket.connecting?.missed = missed ?? []
        // Where there is too much to tell, or it is not to be read, it begins anew.
        tell(socket, missed == nil ? .lost : .caughtUp)
    }

    // MARK: Following the store

    /// Does to this host's sockets what has been committed.
    func follow(_ committed: Committed) {
        for effect in committed.effects {
            switch effect.kind {
            case .emit(let emit): deliver(emit, number: effect.number)
            case .join(let room, let whom):
                for key in index.keys(of: whom, in: RoomName.namespace(of: room)) {
                    index.rooms.join(room, key)
                }
            case .leave(let room, let whom):
                for key in index.keys(of: whom, in: RoomName.namespace(of: room)) {
                    index.rooms.leave(room, key)
                }
            case .resumed(let connection, let host, let rooms):
                resumed(connection, host: host, rooms: rooms, at: effect.number)
            case .close(let whom, let reason):
                for key in index.keys(of: whom, in: nil) {
                    if let socket = index[key] { socket.session.part(from: socket, code: 1008, reason) }
                }
            case .sessionEnded(let session):
                for socket in Array(index.sockets.values)
                where socket.claims?.session == session && !socket.life.isGone {
                    endToken(socket, "revoked")
                }
            }
        }
    }

    /// The store has given a connection its rooms again, on this host or on another.
    private func resumed(_ connectionID: String, host: String, rooms: [String], at number: Int64) {
        guard let socket = index.socket(of: connectionID) else { return }
        guard host == core.id else { return supplant(socket) }
        for room in rooms { index.rooms.join(room, socket.key) }
        socket.connecting?.resumption?.at = number
        tell(socket, .roomsBack)
    }

    /// Sends an event to those of this host's sockets that it is for. `number` is 0 for what is not kept.
    func deliver(_ emit: Emit, number: Int64) {
        let targets = index.keys(for: emit)
        guard !targets.isEmpty else { return }
        var delivery = Delivery(emit, number: number)
        for key in targets {
            guard let socket = index[key], !socket.session.isClosing else { continue }
            let isQuestion = ask(emit, number, socket)
            let packet = delivery.packet(for: socket, isQuestion: isQuestion)
            if socket.life.isOpen {
                socket.session.send(packet, isVolatile: emit.isVolatile, isBroadcast: true)
            } else if !emit.isVolatile, socket.holds(packet, upTo: core.settings.sendQueue) == false {
                socket.session.turnAway()
            }
        }
    }

    /// Notes that an answer is awaited, where a function is there for it.
    private func ask(_ emit: Emit, _ number: Int64, _ socket: Socket) -> Bool {
        guard let time = emit.answerWithin, socket.session.isSocketIO, socket.life.isOpen,
            socket.questions.count < limits.openQuestions,
            routes.function(forEvent: socket.fullName(of: Trigger.acknowledgementPrefix + emit.event)) != nil
        else { return false }
        socket.questions[Int(clamping: number)] = Socket.Question(
            event: emit.event, deadline: core.now + time)
        socket.session.plan()
        return true
    }
}

extension Outcome {
    /// Whether a refusal is final: to come back with the same would change nothing. What is momentary, and what is wrong
    /// on our side, is not.
    fileprivate var isDenial: Bool { (400..<500).contains(status) && status != 408 && status != 429 }
}
