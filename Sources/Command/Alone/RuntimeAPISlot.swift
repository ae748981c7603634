internal import Base
internal import Ledger
internal import Net
internal import Runtime
internal import Synchronization
internal import Wire

/// One event at a time of a session: asks for it, runs it, answers, and asks again, over a connection of its own. Belongs to
/// the loop's thread.
///
/// To a host of ours the answer and the next question go out together; to others when the answer is known to have arrived.
final class RuntimeAPISlot {
    /// What the API owes an answer to.
    private enum Awaited {
        case event
        case receipt(of: String)
    }

    private let served: ServedFunction
    private let client: RuntimeAPIClient
    private let loop: EventLoop
    private let token: UInt64
    private let ended: (RuntimeAPIError?) -> Void
    private var link: (connection: ClientConnection, reader: HTTPAnswerReader)?
    private var awaited: [Awaited] = []
    /// Since when the oldest of these is awaited, where it is not an event that nobody has sent yet.
    private var since: Duration?
    private var isRunning = false
    private var isStopping = false
    private var hasEnded = false

    /// `ended` is told once, and why where that was not wanted.
    init(
        _ served: ServedFunction, _ client: RuntimeAPIClient, _ loop: EventLoop, token: UInt64,
        ended: @escaping (RuntimeAPIError?) -> Void
    ) {
        self.served = served
        self.client = client
        self.loop = loop
        self.token = token
        self.ended = ended
    }

    private var uptime: Duration { client.patience.uptime() }

    // MARK: Life

    /// Asks for the first event.
    func start() {
        send { client.next(into: &$0) }
        awaited.append(.event)
    }

    /// Asks for no further event, and ends when none is in hand.
    func stop() {
        guard !hasEnded else { return }
        isStopping = true
        // One that is here already is in hand.
        ready()
        if !isRunning, link?.reader.isWithinResponse != true, case .event? = awaited.first { end(nil) }
    }

    private func end(_ error: RuntimeAPIError?) {
        guard !hasEnded else { return }
        hasEnded = true
        link = nil
        ended(error)
    }

    /// Ends it where the API has owed an answer for too long.
    func look() {
        if let since, uptime - since > RuntimeAPIClient.answerTime {
            fail("it does not answer", awaited.first)
        }
    }

    private func fail(_ reason: String, _ awaited: Awaited?) {
        var path = RuntimeAPIClient.nextPath
        if case .receipt(let answered)? = awaited { path = answered }
        end(.connection(reason, path))
    }

    // MARK: Bytes

    private func send(_ add: (inout [UInt8]) -> Void) {
        guard !hasEnded else { return }
        var bytes: [UInt8] = []
        add(&bytes)
        do {
            let connection = try link?.connection ?? connected()
            try connection.send(bytes, until: uptime + RuntimeAPIClient.answerTime)
        } catch { fail("\(error)", awaited.first) }
    }

    private func connected() throws -> ClientConnection {
        let connection = try client.connect()
        try connection.watch(by: loop, token: token)
        link = (connection, HTTPAnswerReader(limits: RuntimeAPIClient.limits))
        return connection
    }

    /// Takes what has arrived.
    func ready() {
        guard let connection = link?.connection else { return }
        connection.fill(atMost: RuntimeAPIClient.limits.bodyBytes)
        let bytes = connection.take()
        if !bytes.isEmpty { link?.reader.append(bytes) }
        do throws(HTTPResponseError) {
            while let answer = try link?.reader.next(atEnd: connection.hasEnded) {
                if !answer.head.keepsAlive { link = nil }
                take(answer)
                if hasEnded { return }
            }
        } catch { return fail("its answer cannot be read", awaited.first) }
        if connection.hasEnded, link?.connection === connection {
            link = nil
            // Between two questions it may close; the next one opens another.
            if !awaited.isEmpty { fail("the connection was closed", awaited.first) }
        }
        since =
            awaited.isEmpty || link?.reader.isWithinResponse != true && isWaitingForEvent
            ? nil : since ?? uptime
    }

    private var isWaitingForEvent: Bool { if case .event? = awaited.first { true } else { false } }

    private func take(_ answer: HTTPAnswer) {
        guard !awaited.isEmpty else { return }
        since = nil
        switch awaited.removeFirst() {
        case .receipt(let path):
            guard answer.head.status == 202 else { return end(.status(answer.head.status, path)) }
            if awaited.isEmpty, !isRunning { goOn() }
        case .event:
            guard answer.head.status == 200 else {
                return end(.status(answer.head.status, RuntimeAPIClient.nextPath))
            }
            guard let invocation = RuntimeInvocation(answer.head.headers, payload: answer.body) else {
                return end(.noRequestID)
            }
            isRunning = true
            loop.createTask { await self.run(invocation) }
        }
    }

    private func goOn() { if isStopping { end(nil) } else { start() } }

    // MARK: Events

    private func run(_ invocation: RuntimeInvocation) async {
        if invocation.isOfHost { return await runOfHost(invocation) }
        let arrival = served.workshop.invoker.platform.now()
        do throws(RuntimeEventFault) {
            let event = try event(of: invocation, at: arrival)
            let outcome = await served.workshop.invoker.invoke(
                invocation.bounded(served.entry, at: arrival), event)
            tell(invocation, "response") {
                client.response(RuntimeAnswer.response(outcome, to: event), to: invocation, into: &$0)
            }
        } catch {
            tell(invocation, "error") {
                client.error(error.description, type: "Event.Unreadable", to: invocation, into: &$0)
            }
        }
    }

    private func event(
        of invocation: RuntimeInvocation, at now: Timestamp
    ) throws(RuntimeEventFault) -> Event {
        let events: [ForeignEvent]
        do throws(EventFileError) {
            events = try EventFile.events(in: invocation.payload, receivedAt: now, now: now)
        } catch { throw RuntimeEventFault(description: error.description) }
        guard events.count == 1, var event = events.first?.event(in: served.manifest) else {
            throw RuntimeEventFault(description: "The text has \(events.count) events, not one.")
        }
        if event.trace == nil { event.trace = invocation.trace }
        return event
    }

    private struct RuntimeEventFault: Error { let description: String }

    /// An event of a host of ours, which is told all that came of it.
    private func runOfHost(_ invocation: RuntimeInvocation) async {
        guard let remote = try? RemoteInvocation(invocation.payload) else {
            return tell(invocation, "error") {
                client.error(
                    "The invocation cannot be read.", type: "Event.Unreadable", to: invocation, into: &$0)
            }
        }
        let hasSpoken = Mutex(false)
        let say = loop.callback { (emit: Emit) in self.say(emit, invocation) }
        let outcome = await served.workshop.invoker.invoke(
            served.entry, remote.event, completing: remote.claim
        ) {
            emit in
            hasSpoken.withLock { $0 = true }
            say(emit)
        }
        // Behind what was said live.
        if hasSpoken.withLock({ $0 }) {
            await withCheckedContinuation { continuation in loop.perform { continuation.resume() } }
        }
        guard let answer = try? RemoteOutcome.encoded(outcome, counting: served.workshop.invoker.metrics)
        else {
            return tell(invocation, "error") {
                client.error("The outcome has no text.", type: "Answer.Unwritable", to: invocation, into: &$0)
            }
        }
        tell(invocation, "response") { client.response(answer, to: invocation, into: &$0) }
    }

    private func say(_ emit: Emit, _ invocation: RuntimeInvocation) {
        guard isRunning, let json = try? JSON.encode(emit) else { return }
        send { client.live(json, of: invocation, into: &$0) }
        awaited.append(.receipt(of: "/invocation/live"))
        since = since ?? uptime
    }

    /// Answers, and asks again.
    private func tell(_ invocation: RuntimeInvocation, _ end: String, _ add: (inout [UInt8]) -> Void) {
        isRunning = false
        let asks = invocation.isOfHost && !isStopping
        send { bytes in
            add(&bytes)
            if asks { client.next(into: &bytes) }
        }
        awaited.append(.receipt(of: "/invocation/\(invocation.id)/\(end)"))
        if asks { awaited.append(.event) }
        since = uptime
    }
}
