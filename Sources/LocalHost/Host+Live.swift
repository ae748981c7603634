internal import Net
internal import Ledger
internal import Runtime
internal import Wire

/// What functions say while they still work: to the sockets that are here now, and to a client that reads the answer of
/// its request as a stream of events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
extension Serving {
    /// Says something to the sockets of this host, and of the other workers.
    func tellLive(_ emit: Emit) {
        deliver(emit, number: 0)
        workers?.tell(emit)
    }

    /// Runs a function whose answer the client wants as events: first what it says live, in the end the answer.
    func stream(
        _ entry: FunctionEntry, _ event: Event, _ request: HTTPRequest, _ connection: Connection
    ) {
        let id = connection.id
        let stream = EventStream(request: request)
        connection.stream = stream
        let live = loop.callback { [weak self] (emit: Emit) in self?.send(emit.event, emit.json, id, event) }
        stream.task = underWay { host in
            let outcome = await host.invoker.invoke(entry, event, live: live)
            // Behind what was said live.
            await host.nextTurn()
            host.finishStream(id, event, outcome)
        }
    }

    /// Waits until what has been given to the loop so far is done.
    private func nextTurn() async {
        await withCheckedContinuation { continuation in loop.perform { continuation.resume() } }
    }

    private func finishStream(_ id: UInt64, _ event: Event, _ outcome: Outcome) {
        guard let connection = connections[id], let stream = connection.stream else { return }
        connection.stream = nil
        guard outcome.isSuccess || stream.hasBegun else {
            answer(connection, response(outcome, event), to: stream.request)
            return advance(connection)
        }
        begin(stream, connection, event)
        HTTPResponse.chunk(
            EventStream.event(Self.name(of: outcome), outcome.json), into: &connection.output,
            minorVersion: stream.request.minorVersion)
        if stream.request.minorVersion > 0 { HTTPResponse.chunk([], into: &connection.output) }
        connection.isBusy = false
        if stream.keepsAlive && !isStopping { markDirty(connection) } else { closeWhenSent(connection) }
        advance(connection)
    }

    /// The answer's event has the name under which the player's sockets get the same; else it is `answer`.
    private static func name(of outcome: Outcome) -> String {
        guard outcome.isSuccess else { return "problem" }
        if let event = outcome.event { return event }
        for write in outcome.unit.writes {
            if case .emit(let emit) = write, emit.json == outcome.json { return emit.event }
        }
        return "answer"
    }

    private func send(_ name: String, _ json: String, _ id: UInt64, _ event: Event) {
        guard let connection = connections[id], let stream = connection.stream else { return }
        begin(stream, connection, event)
        HTTPResponse.chunk(
            EventStream.event(name, json), into: &connection.output, minorVersion: stream.request.minorVersion
        )
        markDirty(connection)
    }

    private func begin(_ stream: EventStream, _ connection: Connection, _ event: Event) {
        guard !stream.hasBegun else { return }
        stream.hasBegun = true
        var headers = Self.securityHeaders
        headers.add("Content-Type", "text/event-stream")
        headers.add("Cache-Control", "no-store")
        headers.add("X-Request-Id", event.id)
        // nginx would gather what is to be seen at once.
        headers.add("X-Accel-Buffering", "no")
        origins.add(to: &headers, for: stream.request)
        HTTPResponse(status: 200, headers: headers).encode(
            into: &connection.output, toHead: false, keepAlive: stream.keepsAlive && !isStopping,
            date: core.dateText(), minorVersion: stream.request.minorVersion, isStream: true)
    }
}

/// An answer that goes out as events. Belongs to the host's actor.
final class EventStream {
    let request: HTTPRequest
    /// Ends with the client's connection.
    var task: Task<Void, Never>?
    var hasBegun = false

    init(request: HTTPRequest) { self.request = request }

    var keepsAlive: Bool { request.keepsAlive && request.minorVersion > 0 }

    /// One event. JSON text of ours has no line breaks.
    static func event(_ name: String, _ json: String) -> [UInt8] {
        Array("event: \(name)\ndata: \(json)\n\n".utf8)
    }
}
