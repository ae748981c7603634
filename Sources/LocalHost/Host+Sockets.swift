internal import Base
internal import Ledger
internal import Runtime

/// A socket's life, whatever it speaks: does what `SocketLife` says.
extension Serving {
    /// Takes up a new socket of a link; `data` is what its `$connect` gets.
    func begin(_ socket: Socket, data: [UInt8]) {
        socket.link.sockets.append(socket)
        sockets[socket.key] = socket
        guard let entry = router.function(forEvent: socket.fullName(of: Trigger.connectEvent)) else {
            socketsByConnectionID[socket.connectionID] = socket.key
            socket.hasID = ids.take(socket.connectionID)
            return tell(socket, .welcome)
        }
        guard hasRoomForConnects else { return tell(socket, .failed) }
        socketsByConnectionID[socket.connectionID] = socket.key
        socket.connecting?.deadline = now + settings.connectTimeout
        plan(socket.link)
        connectsWaiting += 1
        underWay { [key = socket.key] host in
            if let socket = host.sockets[key] { await host.takeUpWish(of: socket) }
            await host.waitForTurn(key, entry)
            host.connectsWaiting -= 1
            guard let socket = host.sockets[key], socket.life.isWaiting else { return host.leave(entry) }
            let returns = await host.mayReturn(socket)
            guard socket.life.isWaiting else { return host.leave(entry) }
            host.tell(socket, returns ? .turnToReturn : .turn, data: data)
        }
    }

    /// Whether one more socket may wait for its `$connect`. Where not, clients are sent away so that they come back.
    var hasRoomForConnects: Bool { connectsWaiting < limits.waitingConnects }

    private func waitForTurn(_ key: UInt64, _ entry: FunctionEntry) async {
        if let socket = sockets[key] {
            await ids.turn(socket.connectionID)
            if sockets[key] != nil { socket.hasID = true } else { ids.leave(socket.connectionID) }
        }
        await take(entry)
    }

    func tell(_ socket: Socket, _ input: SocketLife.Input, data: [UInt8] = []) {
        for action in socket.life.receive(input) { perform(action, socket, data) }
    }

    private func perform(_ action: SocketLife.Action, _ socket: Socket, _ data: [UInt8]) {
        let key = socket.key
        switch action {
        case .connect: underWay { host in await host.runConnect(key, data) }
        case .catchUp: underWay { host in await host.catchUp(key) }
        case .open: open(socket)
        case .deny: deny(socket)
        case .turnAway: turnAway(socket.link)
        case .forget: forget(socket)
        case .disconnect(let isLost): underWay { host in await host.runDisconnect(key, isLost: isLost) }
        case .release:
            sockets[key] = nil
            if socket.hasID { ids.leave(socket.connectionID) }
        }
    }

    // MARK: Connecting

    /// Runs `$connect`, and gives the place that was taken for it back.
    private func runConnect(_ key: UInt64, _ data: [UInt8]) async {
        guard let socket = sockets[key],
            let entry = router.function(forEvent: socket.fullName(of: Trigger.connectEvent))
        else { return }
        let outcome = await insist(on: entry, until: socket.connecting?.deadline ?? now) { host in
            guard let socket = host.sockets[key], !socket.life.isGone else { return nil }
            return host.event(socket.fullName(of: Trigger.connectEvent), socket, data: data)
        }
        leave(entry)
        guard let outcome, outcome.isSuccess else {
            socket.connecting?.refusal = outcome
            return tell(socket, outcome?.isDenial == true ? .denied : .failed)
        }
        socket.isRecorded = outcome.unit.writes.contains { write in
            if case .connect(socket.connectionID, _, _, _, _) = write { true } else { false }
        }
        if let claims = outcome.claims {
            socket.credential = .verified(claims)
            if !socket.life.isGone {
                socket.subject = claims.subject
                socketsBySubject[claims.subject, default: []].insert(key)
            }
        }
        let isSame = await isSameConnection(socket)
        tell(socket, .admitted)
        if !isSame { tell(socket, .lost) }
    }

    /// The client is connected: it is told so, with what it missed and what has come for it in the meantime.
    private func open(_ socket: Socket) {
        openSockets += 1
        socket.isCounted = true
        notePlace(of: socket.link)
        if socket.link.endpoint == nil { grant(socket) }
        if let connecting = socket.connecting {
            for packet in connecting.missed + connecting.held { send(packet, to: socket.link) }
        }
        socket.connecting = nil
        plan(socket.link)
        handleNext(socket)
    }

    /// `$connect` has denied it: that is final to a client.
    private func deny(_ socket: Socket) {
        guard let outcome = socket.connecting?.refusal else { return }
        if socket.link.endpoint == nil {
            refuseConnect(socket, outcome)
        } else {
            send(OutgoingPacket(plain: outcome.json), to: socket.link)
            end(socket.link, .serverDisconnect, code: 1008, outcome.problem?.kind.title ?? "refused")
        }
        plan(socket.link)
    }

    /// Ends a link whose client is to come back by itself: to a connect error it would not.
    func turnAway(_ link: Link) {
        guard !link.isClosing else { return }
        if link.connection != nil { return end(link, .transportError, code: 1013, "try again later") }
        if let poll = link.poll, let connection = connections[poll.connection] {
            link.poll = nil
            connection.poll = nil
            answer(connection, response(tooManyConnects, poll.request), to: poll.request)
        }
        drop(link, .transportError)
    }

    /// Why nobody else can be taken up just now.
    var tooManyConnects: Problem {
        Problem(.busy, "Too many sockets connect at once.", retryAfter: limits.retryAfter)
    }

    // MARK: Leaving

    /// Ends a socket, and runs `$disconnect` behind the last of its events.
    func leave(_ socket: Socket, _ reason: DisconnectReason) {
        socket.reason = socket.reason ?? reason
        tell(socket, reason.isRecoverable ? .dropped : .left)
    }

    /// Ends a socket whose client has come back on another link: nothing of it is forgotten.
    func supplant(_ socket: Socket) {
        let link = socket.link
        tell(socket, .supplanted)
        if link.sockets.isEmpty { end(link, .transportClose, "the client is elsewhere") }
    }

    private func forget(_ socket: Socket) {
        if socket.isCounted { openSockets -= 1 }
        socket.isCounted = false
        socket.link.sockets.removeAll { $0 === socket }
        if socketsByConnectionID[socket.connectionID] == socket.key {
            socketsByConnectionID[socket.connectionID] = nil
        }
        if let subject = socket.subject {
            socketsBySubject[subject]?.remove(socket.key)
            if socketsBySubject[subject]?.isEmpty == true { socketsBySubject[subject] = nil }
        }
        notePlace(of: socket.link)
        socket.connecting?.missed = []
        socket.connecting?.held = []
        socket.waiting = []
        socket.questions = [:]
        rooms.remove(socket.key)
    }

    private func runDisconnect(_ key: UInt64, isLost: Bool) async {
        guard let socket = sockets[key] else { return }
        await depart(
            Departure(
                connectionID: socket.connectionID, event: socket.fullName(of: Trigger.disconnectEvent),
                claims: socket.claims, address: socket.link.address, reason: socket.reason ?? .transportError,
                isLost: isLost))
        tell(socket, .departed)
    }

    // MARK: Stopping

    /// Says goodbye to the sockets; to one whose event is being handled once that is acknowledged.
    func closeSocketsForStop() {
        for link in Array(links.values) { closeForStop(link) }
    }

    func closeForStop(_ link: Link) {
        guard !link.sockets.contains(where: \.life.isHandling) else { return }
        if link.connection != nil { return end(link, .serverShutdown, code: 1001, "the server stops") }
        // Not with a close packet: python-engineio's client takes that one for good, and this is a restart. Its
        // poll fails instead, as over a WebSocket the connection does.
        answerPoll(link)
        drop(link, .serverShutdown)
    }
}

extension Outcome {
    /// Whether a refusal is final: to come back with the same would change nothing. What is momentary, and what is wrong
    /// on our side, is not.
    fileprivate var isDenial: Bool { (400..<500).contains(status) && status != 408 && status != 429 }
}
