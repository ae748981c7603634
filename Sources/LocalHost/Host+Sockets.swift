internal import Runtime
internal import Store
internal import Wire

/// A socket's life, whatever it speaks: `$connect`, its events one after the other, `$disconnect`.
extension Host {
    // MARK: Connecting

    /// Runs `$connect` for a new socket of a link.
    func connect(_ socket: Socket, data: [UInt8]) {
        socket.link.sockets.append(socket)
        sockets[socket.key] = socket
        guard let entry = router.function(forEvent: socket.fullName(of: Trigger.connectEvent)) else {
            return connected(socket)
        }
        // The place it comes back to may still be left by the socket that it had before.
        if let before = socketsByConnectionID[socket.connectionID].flatMap({ sockets[$0] }) {
            supplant(before)
        }
        socketsByConnectionID[socket.connectionID] = socket.key
        let event = event(socket.fullName(of: Trigger.connectEvent), socket, data: data)
        underWay { [connectionID = socket.connectionID, key = socket.key] host in
            while host.departing.contains(connectionID) {
                await withCheckedContinuation { host.departureWaiters[connectionID, default: []].append($0) }
            }
            let outcome = await host.invoker.invoke(entry, event)
            host.finishConnect(key, event, outcome)
        }
    }

    /// `$connect` has decided.
    private func finishConnect(_ key: UInt64, _ event: Event, _ outcome: Outcome) {
        guard let socket = sockets[key], socket.stage == .connecting else {
            // The client left meanwhile: what $connect recorded must go again.
            if outcome.isSuccess {
                disconnect(Departure(event: event, claims: outcome.claims), .transportClose)
            }
            return
        }
        guard outcome.isSuccess else {
            refuse(socket, outcome)
            return
        }
        if let claims = outcome.claims {
            socket.credential = .verified(claims)
            socket.subject = claims.subject
            socketsBySubject[claims.subject, default: []].insert(socket.key)
        }
        if socket.resumption != nil {
            socket.resumption?.isGranted = true
            resumeIfReady(socket)
        } else {
            connected(socket)
        }
    }

    private func refuse(_ socket: Socket, _ outcome: Outcome) {
        let link = socket.link
        forget(socket)
        link.connectDeadline = now + settings.connectTimeout
        if link.endpoint == nil {
            refuseConnect(socket, outcome)
        } else {
            send(OutgoingPacket(plain: outcome.json), to: link)
            end(link, .serverDisconnect, code: 1008, outcome.problem?.kind.title ?? "refused")
        }
    }

    func connected(_ socket: Socket, missed: [OutgoingPacket] = []) {
        socket.stage = .connected
        openSockets += 1
        if socket.link.endpoint == nil { grant(socket) }
        for packet in missed { send(packet, to: socket.link) }
        for packet in socket.held { send(packet, to: socket.link) }
        socket.held = []
        socket.heldBytes = 0
        handleNext(socket)
    }

    // MARK: Events

    /// Whether as many events of a link wait as may.
    func hasBacklog(_ link: Link) -> Bool {
        for socket in link.sockets where socket.waiting.count >= limits.queuedEvents { return true }
        return false
    }

    /// `name` is the event's own, without its namespace.
    func enqueue(_ event: Socket.WaitingEvent, named name: String, _ socket: Socket) {
        if name.hasPrefix("$") || (socket.namespace == "/" && name.hasPrefix("/")) {
            // Such names are the host's, and other namespaces'.
            return acknowledge(
                event, told(Problem(.notFound, "No function is bound to this event.")), of: socket)
        }
        socket.waiting.append(event)
        handleNext(socket)
    }

    /// Events of one socket are handled in order, one at a time; so each sees what the one before it did.
    func handleNext(_ socket: Socket) {
        while !socket.isHandlingEvent, !socket.waiting.isEmpty, socket.stage == .connected, !isStopping {
            let next = socket.waiting.removeFirst()
            if next.name == socket.fullName(of: Self.authenticateEvent) {
                authenticate(next, socket)
            } else if let entry = router.function(forEvent: next.name) ?? fallback(socket) {
                handle(next, entry, socket)
            } else {
                let hint = router.suggestion(forEvent: next.name).map { " Did you mean '\($0)'?" } ?? ""
                acknowledge(
                    next, told(Problem(.notFound, "No function is bound to this event.\(hint)")), of: socket)
            }
        }
    }

    /// What takes the events that nothing else is bound to.
    private func fallback(_ socket: Socket) -> FunctionEntry? {
        router.function(
            forEvent: socket.fullName(
                of: socket.link.endpoint == nil ? Trigger.fallbackEvent : Trigger.defaultEvent))
    }

    private func handle(_ next: Socket.WaitingEvent, _ entry: FunctionEntry, _ socket: Socket) {
        socket.isHandlingEvent = true
        let event = event(next.name, socket, data: next.data)
        underWay { [key = socket.key] host in
            let outcome = await host.invoker.invoke(entry, event)
            if let (departure, reason) = host.leaving.removeValue(forKey: key) {
                host.disconnect(departure, reason)
            }
            guard let socket = host.sockets[key] else { return }
            socket.isHandlingEvent = false
            host.acknowledge(next, outcome, of: socket)
            if host.isStopping { return host.closeForStop(socket.link) }
            host.handleNext(socket)
            host.goOn(socket.link)
        }
    }

    /// Takes what waited for room.
    private func goOn(_ link: Link) {
        if link.post != nil { takePost(link) }
        if let connection = link.connection, let channel = connection.channel { advance(connection, channel) }
    }

    private func acknowledge(_ event: Socket.WaitingEvent, _ outcome: Outcome, of socket: Socket) {
        if socket.link.endpoint != nil, outcome.json == "{}" || outcome.json == "null" { return }
        acknowledge(event, outcome.json, of: socket)
    }

    /// Answers an event: over Socket.IO if it asked for an acknowledgement.
    func acknowledge(_ event: Socket.WaitingEvent, _ json: String, of socket: Socket) {
        guard !socket.link.isClosing else { return }
        if socket.link.endpoint == nil {
            acknowledge(event, json, socket)
        } else {
            send(OutgoingPacket(plain: json), to: socket.link)
        }
    }

    /// A problem of the host's own, as JSON.
    func told(_ problem: Problem) -> String {
        var problem = problem
        problem.instance = requestID()
        return problem.json
    }

    func event(_ name: String, _ socket: Socket, data: [UInt8]) -> Event {
        Event(
            id: requestID(), time: invoker.platform.now(),
            trigger: .socket(event: name, connection: socket.connectionID, host: id),
            credential: socket.credential, address: socket.link.address, data: data)
    }

    // MARK: Questions

    /// The client has answered an event of ours, or has not in time (`data` nil).
    func answered(_ question: Socket.Question, by socket: Socket, data: [UInt8]?) {
        let json = data.map { #"{"answer":\#($0.isEmpty ? "null" : String(decoding: $0, as: UTF8.self))}"# }
        socket.waiting.append(
            Socket.WaitingEvent(
                name: socket.fullName(of: Trigger.acknowledgementPrefix + question.event),
                data: Array((json ?? #"{"timed_out":true}"#).utf8), acknowledgement: nil))
        handleNext(socket)
    }

    func sweep(_ socket: Socket, _ wallClock: Timestamp) {
        if let end = socket.claims?.expiresAt, wallClock >= end { return endToken(socket, "expired") }
        guard !socket.questions.isEmpty else { return }
        for (number, question) in socket.questions where now >= question.deadline {
            socket.questions[number] = nil
            answered(question, by: socket, data: nil)
        }
    }

    // MARK: Leaving

    /// Ends a socket, and runs `$disconnect` behind the last of its events.
    func leave(_ socket: Socket, _ reason: DisconnectReason) {
        guard socket.stage != .ended else { return }
        let wasConnected = socket.stage == .connected
        if wasConnected { openSockets -= 1 }
        let departure = Departure(
            event: event(socket.fullName(of: Trigger.disconnectEvent), socket, data: []),
            claims: socket.claims)
        let isHandling = socket.isHandlingEvent
        forget(socket)
        // One that is still connecting is seen to when $connect has decided.
        guard wasConnected else { return }
        if isHandling {
            departing.insert(socket.connectionID)
            leaving[socket.key] = (departure, reason)
        } else {
            disconnect(departure, reason)
        }
    }

    /// Ends a socket whose client has come back on another link: nothing of it is forgotten.
    func supplant(_ socket: Socket) {
        if socket.stage == .connected { openSockets -= 1 }
        let link = socket.link
        forget(socket)
        if link.sockets.isEmpty { end(link, .transportClose, "the client is elsewhere") }
    }

    func forget(_ socket: Socket) {
        socket.stage = .ended
        socket.link.sockets.removeAll { $0 === socket }
        sockets[socket.key] = nil
        if socketsByConnectionID[socket.connectionID] == socket.key {
            socketsByConnectionID[socket.connectionID] = nil
        }
        if let subject = socket.subject {
            socketsBySubject[subject]?.remove(socket.key)
            if socketsBySubject[subject]?.isEmpty == true { socketsBySubject[subject] = nil }
        }
        socket.held = []
        socket.waiting = []
        socket.questions = [:]
        rooms.remove(socket.key)
    }

    /// Runs `$disconnect`. It must succeed for a token that has expired or a session that was revoked too, so neither
    /// is looked at again.
    private func disconnect(_ departure: Departure, _ reason: DisconnectReason) {
        guard case .socket(let name, let connectionID, let host) = departure.event.trigger else { return }
        // Of a socket that left while it was connecting, the event is `$connect`.
        let end = EventName(Trigger.disconnectEvent, in: EventName(name).place)?.description ?? ""
        guard let entry = router.function(forEvent: end) else { return departed(connectionID) }
        let isRecoverable = reason.isRecoverable && settings.recoveryWindow > .zero
        var event = departure.event
        event.id = requestID()
        event.time = invoker.platform.now()
        event.data = Array(#"{"reason":"\#(reason.rawValue)","recoverable":\#(isRecoverable)}"#.utf8)
        event.trigger = .socket(event: end, connection: connectionID, host: host)
        if let claims = departure.claims {
            event.credential = .verified(Claims(subject: claims.subject, roles: claims.roles))
        }
        departing.insert(connectionID)
        underWay { [event] host in
            _ = await host.invoker.invoke(entry, event)
            host.departed(connectionID)
        }
    }

    private func departed(_ connectionID: String) {
        departing.remove(connectionID)
        for waiter in departureWaiters.removeValue(forKey: connectionID) ?? [] { waiter.resume() }
    }

    // MARK: Stopping

    /// Says goodbye to the sockets; to one whose event is being handled once that is acknowledged.
    func closeSocketsForStop() {
        for link in Array(links.values) { closeForStop(link) }
    }

    func closeForStop(_ link: Link) {
        guard !link.sockets.contains(where: \.isHandlingEvent) else { return }
        if link.connection != nil { return end(link, .serverShutdown, code: 1001, "the server stops") }
        // Not with a close packet: python-engineio's client takes that one for good, and this is a restart. Its
        // poll fails instead, as over a WebSocket the connection does.
        answerPoll(link)
        drop(link, .serverShutdown)
    }
}
