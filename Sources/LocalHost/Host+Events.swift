internal import Base
internal import Ledger
internal import Runtime

/// What the clients of sockets say: events, one after the other, and answers to ours.
extension Serving {
    /// Whether as many events of a link wait as may.
    func hasBacklog(_ link: Link) -> Bool {
        if link.farewell != nil { return true }
        return link.sockets.contains { socket in
            socket.waiting.count >= limits.queuedEvents
                || !socket.waiting.isEmpty && socket.waitingBytes >= limits.queuedEventBytes
        }
    }

    /// `name` is the event's own, without its namespace.
    func enqueue(_ event: Socket.WaitingEvent, named name: String, _ socket: Socket) {
        if name.hasPrefix("$") || (socket.namespace == "/" && name.hasPrefix("/")) {
            // Such names are the host's, and other namespaces'.
            guard admitsStray(event, socket) else { return }
            return acknowledge(
                event, core.told(Problem(.notFound, "No function is bound to this event.")), of: socket)
        }
        socket.waiting.append(event)
        handleNext(socket)
    }

    /// Events of one socket are handled in order, one at a time; so each sees what the one before it did.
    func handleNext(_ socket: Socket) {
        while !socket.life.isHandling, !socket.waiting.isEmpty, socket.life.isOpen, !isStopping {
            let next = socket.waiting.removeFirst()
            if next.name == socket.fullName(of: Self.authenticateEvent) {
                if admitsStray(next, socket) { handleToken(next, socket) }
            } else if let entry = router.function(forEvent: next.name) ?? fallback(socket) {
                handle(next, entry, socket)
            } else if admitsStray(next, socket) {
                let hint = router.suggestion(forEvent: next.name).map { " Did you mean '\($0)'?" } ?? ""
                acknowledge(
                    next, core.told(Problem(.notFound, "No function is bound to this event.\(hint)")),
                    of: socket)
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
        tell(socket, .eventBegan)
        let event = event(next.name, socket, data: next.data, form: next.form)
        underWay { [key = socket.key] host in
            let outcome =
                next.isAnswer
                ? await host.invokeForAnswer(entry, event) : await host.invoker.invoke(entry, event)
            guard let socket = host.sockets[key] else { return }
            host.tell(socket, .eventEnded)
            guard socket.life.isOpen else { return }
            if let outcome { host.acknowledge(next, outcome, of: socket) }
            if host.isStopping { return host.closeForStop(socket.link) }
            host.handleNext(socket)
            host.goOn(socket.link)
        }
    }

    private func handleToken(_ next: Socket.WaitingEvent, _ socket: Socket) {
        tell(socket, .eventBegan)
        underWay { [key = socket.key] host in
            let answer = await host.authenticate(next, key)
            guard let socket = host.sockets[key] else { return }
            host.tell(socket, .eventEnded)
            guard socket.life.isOpen else { return }
            host.acknowledge(next, answer, of: socket)
            if host.isStopping { return host.closeForStop(socket.link) }
            host.handleNext(socket)
            host.goOn(socket.link)
        }
    }

    /// An answer that we asked for waits for its turn.
    private func invokeForAnswer(_ entry: FunctionEntry, _ event: Event) async -> Outcome? {
        await take(entry)
        let deadline = invoker.platform.uptime() + limits.departTime
        let outcome = await insist(on: entry, until: deadline) { host in
            var event = event
            event.id = host.core.requestID()
            event.time = host.invoker.platform.now()
            return event
        }
        leave(entry)
        return outcome
    }

    /// Takes what waited for room.
    private func goOn(_ link: Link) {
        endIfAnswered(link)
        weigh(link)
        if link.post != nil { takePost(link) }
        if let connection = link.connection, let channel = connection.channel { advance(connection, channel) }
    }

    private func acknowledge(_ event: Socket.WaitingEvent, _ outcome: Outcome, of socket: Socket) {
        if socket.link.endpoint != nil, outcome.json == "{}" || outcome.json == "null" { return }
        acknowledge(event, outcome.json, outcome.form, of: socket)
    }

    /// Answers an event: over Socket.IO if it asked for an acknowledgement.
    func acknowledge(
        _ event: Socket.WaitingEvent, _ json: String, _ form: DataForm = .value, of socket: Socket
    ) {
        guard !socket.link.isClosing else { return }
        if socket.link.endpoint == nil {
            acknowledge(event, json, form, socket)
        } else {
            send(OutgoingPacket(plain: json, form: form), to: socket.link)
        }
    }

    func event(_ name: String, _ socket: Socket, data: [UInt8], form: DataForm = .value) -> Event {
        Event(
            id: core.requestID(), time: invoker.platform.now(),
            trigger: .socket(event: name, connection: socket.connectionID, host: id),
            credential: socket.credential, address: socket.link.address, data: data, form: form)
    }

    // MARK: Questions

    /// The client has answered an event of ours, or has not in time (`data` nil).
    func answered(
        _ question: Socket.Question, by socket: Socket, data: [UInt8]?, _ form: DataForm = .value
    ) {
        let member = form == .arguments ? "answers" : "answer"
        let json = data.map { #"{"\#(member)":\#(String(decoding: $0, as: UTF8.self))}"# }
        socket.waiting.append(
            Socket.WaitingEvent(
                name: socket.fullName(of: Trigger.acknowledgementPrefix + question.event),
                data: Array((json ?? #"{"timed_out":true}"#).utf8), acknowledgement: nil, isAnswer: true))
        handleNext(socket)
    }
}
