internal import Base
internal import Ledger
internal import Net
internal import Runtime
internal import Wire

/// An answer that goes out as events: first what the function says live, in the end the answer
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
final class EventStream {
    private let request: HTTPRequest
    private let event: Event
    private weak var connection: HTTPConnection?
    private let server: HTTPTrigger
    /// Ends with the client's connection.
    private(set) var task: Task<Void, Never>?
    private var hasBegun = false

    init(_ request: HTTPRequest, _ event: Event, _ connection: HTTPConnection, _ server: HTTPTrigger) {
        self.request = request
        self.event = event
        self.connection = connection
        self.server = server
    }

    /// Runs the function.
    func run(_ entry: FunctionEntry) {
        let live = server.core.loop.callback { [weak self] (emit: Emit) in self?.send(emit.event, emit.json) }
        task = server.core.tasks.start {
            let outcome = await self.server.core.engine.invoke(entry, self.event, live: live)
            // Behind what was said live.
            await self.nextTurn()
            self.finish(outcome)
        }
    }

    /// Waits until what has been given to the loop so far is done.
    private func nextTurn() async {
        await withCheckedContinuation { continuation in
            server.core.loop.perform { continuation.resume() }
        }
    }

    private func finish(_ outcome: Outcome) {
        guard let connection, connection.transport.isOpen, connection.stream === self else { return }
        connection.stream = nil
        guard outcome.isSuccess || hasBegun else {
            connection.answer(server.answers.response(outcome, event), to: request)
            return connection.advance()
        }
        send(Self.name(of: outcome), outcome.json, to: connection)
        if request.minorVersion > 0 {
            connection.transport.queue { HTTPResponse.chunk([], into: &$0.bytes) }
        }
        connection.isBusy = false
        if !keepsAlive { connection.transport.closeWhenSent() }
        connection.advance()
    }

    /// The answer's event has the name under which the caller's sockets get the same; else it is `answer`.
    private static func name(of outcome: Outcome) -> String {
        guard outcome.isSuccess else { return "problem" }
        return outcome.answerEvent ?? "answer"
    }

    private func send(_ name: String, _ json: String) {
        guard let connection, connection.transport.isOpen, connection.stream === self else { return }
        send(name, json, to: connection)
    }

    private func send(_ name: String, _ json: String, to connection: HTTPConnection) {
        let begins = !hasBegun
        hasBegun = true
        connection.transport.queue { output in
            if begins {
                server.answers.streamHead(request, event).encode(
                    into: &output.bytes, toHead: false, keepAlive: keepsAlive,
                    date: server.core.dateText(), minorVersion: request.minorVersion, isStream: true)
            }
            HTTPResponse.chunk(
                Self.event(name, json), into: &output.bytes, minorVersion: request.minorVersion)
        }
    }

    private var keepsAlive: Bool {
        request.keepsAlive && request.minorVersion > 0 && !server.core.lifecycle.isStopping
    }

    /// One event. JSON text of ours has no line breaks.
    private static func event(_ name: String, _ json: String) -> [UInt8] {
        Array("event: \(name)\ndata: \(json)\n\n".utf8)
    }
}
