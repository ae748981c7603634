internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// What the clients of sockets say: events, one after the other, and answers to ours.
extension SocketHub {
    static let authenticateEvent = "authenticate"

    /// `name` is the event's own, without its namespace.
    func enqueue(_ event: Socket.WaitingEvent, named name: String, _ socket: Socket) {
        if name.hasPrefix("$") || (socket.namespace == "/" && name.hasPrefix("/")) {
            // Such names are the host's, and other namespaces'.
            return refuse(event, "No function is bound to this event.", of: socket)
        }
        socket.waiting.append(event)
        handleNext(socket)
    }

    /// Events of one socket are handled in order, one at a time; so each sees what the one before it did.
    func handleNext(_ socket: Socket) {
        while !socket.life.isHandling, !socket.waiting.isEmpty, socket.life.isOpen,
            !core.lifecycle.isStopping
        {
            let next = socket.waiting.removeFirst()
            if next.name == socket.fullName(of: Self.authenticateEvent) {
                guard socket.session.admitsStray(next, socket) else { continue }
                handle(next, socket) { await self.authenticate(next, socket) }
            } else if let entry = routes.function(forEvent: next.name)
                ?? routes.function(forEvent: socket.fullName(of: socket.session.fallbackEvent))
            {
                let event = event(next.name, socket, data: next.data, form: next.form)
                handle(next, socket) { await self.answer(to: next, entry, event, socket) }
            } else {
                let hint = routes.suggestion(forEvent: next.name).map { " Did you mean '\($0)'?" } ?? ""
                refuse(next, "No function is bound to this event.\(hint)", of: socket)
            }
        }
    }

    private func refuse(_ event: Socket.WaitingEvent, _ detail: String, of socket: Socket) {
        guard socket.session.admitsStray(event, socket) else { return }
        socket.session.answer(event, core.told(Problem(.notFound, detail)), of: socket)
    }

    /// Handles an event; what `work` says is the answer, if anything is.
    private func handle(
        _ next: Socket.WaitingEvent, _ socket: Socket,
        _ work: @escaping () async -> (json: String, form: DataForm)?
    ) {
        tell(socket, .eventBegan)
        core.tasks.start {
            let answer = await work()
            self.tell(socket, .eventEnded)
            guard socket.life.isOpen else { return }
            if let answer { socket.session.answer(next, answer.json, answer.form, of: socket) }
            if self.core.lifecycle.isStopping { return socket.session.stop() }
            self.handleNext(socket)
            socket.session.goOn()
        }
    }

    private func answer(
        to next: Socket.WaitingEvent, _ entry: FunctionEntry, _ event: Event, _ socket: Socket
    ) async -> (json: String, form: DataForm)? {
        let outcome =
            next.isAnswer ? await invokeForAnswer(entry, event) : await core.engine.invoke(entry, event)
        guard let outcome else { return nil }
        // Over a plain WebSocket, nothing is no message.
        if !socket.session.isSocketIO, outcome.json == "{}" || outcome.json == "null" { return nil }
        return (outcome.json, outcome.form)
    }

    /// An answer that we asked for waits for its turn.
    private func invokeForAnswer(_ entry: FunctionEntry, _ event: Event) async -> Outcome? {
        await caller.take(entry)
        let deadline = core.engine.platform.uptime() + limits.departTime
        let outcome = await caller.insist(on: entry, until: deadline) {
            var event = event
            event.id = core.requestID()
            event.time = core.wallClock
            return event
        }
        caller.leave(entry)
        return outcome
    }

    /// The event `authenticate`: a fresh token for an open socket, of the same caller.
    private func authenticate(
        _ event: Socket.WaitingEvent, _ socket: Socket
    ) async -> (json: String, form: DataForm) {
        do throws(Problem) {
            let text = String(decoding: event.data, as: UTF8.self)
            guard
                let token = JSONScanner.values(
                    of: ["token"], in: text, atMost: SocketIOLimits.standard.connectBytes)?[0]
                    .flatMap({ JSONScanner.string(of: $0) })
            else { throw Problem(.malformed, #"The data must be {"token":"…"}."#) }
            let claims = try await core.engine.identify(token)
            guard socket.subject == nil || claims.subject == socket.subject else {
                throw Problem(.forbidden, "The token is somebody else's.")
            }
            socket.credential = .verified(claims)
            socket.session.plan()
            return (claims.expiresAt.map { #"{"expires_at":"\#($0.rfc3339)"}"# } ?? "{}", .value)
        } catch { return (core.told(error), .value) }
    }

    func event(_ name: String, _ socket: Socket, data: [UInt8], form: DataForm = .value) -> Event {
        Event(
            id: core.requestID(), time: core.wallClock,
            trigger: .socket(event: name, connection: socket.connectionID, host: core.id),
            credential: socket.credential, address: socket.session.address, data: data, form: form)
    }

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
