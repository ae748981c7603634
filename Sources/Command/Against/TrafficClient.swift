internal import Ledger
internal import Base
internal import Net
internal import Runtime
internal import Wire

/// One caller's client: a kept-alive HTTP connection, and a Socket.IO connection for each that was recorded. Belongs to
/// one thread, which it blocks; while it waits it reads what the host sends, as a browser would.
final class TrafficClient {
    /// What all clients of a run share.
    struct Setup: Sendable {
        let address: SocketAddress
        /// The `Host` field.
        let authority: String
        let socketPath: String
        /// What stands for each block of recorded (hashed) addresses.
        let peers: [String: String]
        let limits: AgainstLimits
        let identities: LiveIdentities
        let comparison: AnswerComparison
        let uptime: @Sendable () -> Duration
        let pace: Pace
    }

    /// When events are sent.
    enum Pace: Sendable {
        /// As soon as the one before was answered.
        case max
        /// Each at its recorded offset divided by `factor`, from `start`; sockets stay open until `end`.
        case recorded(start: Duration, factor: Double, end: Duration?)
    }

    /// What came of an event: the answer as the pipeline would have it, and how long it took.
    private struct Reply {
        /// Nil where the event has no answer.
        var answer: (status: Int, body: String)?
        var latency: Duration?
    }

    private let setup: Setup
    private var http: (connection: ClientConnection, reader: HTTPAnswerReader)?
    private var sockets: [String: SocketIOClient] = [:]
    private var random: SeededRandom
    private var failedConnections = 0
    private var lastFailure: TrafficFailure?
    /// Events that the host has sent over sockets that are closed by now.
    private var deliveredBefore = 0

    init(_ setup: Setup, seed: UInt64) {
        self.setup = setup
        random = SeededRandom(seed: seed)
    }

    /// Events that the host has sent to the client's sockets.
    var delivered: Int { sockets.values.reduce(deliveredBefore) { $0 + $1.delivered } }

    /// Sends everything, one after the other; calls `report` with each result.
    func run(_ steps: [TrafficPlan.Step], report: (AgainstResult.Entry) -> Void) {
        for step in steps {
            var late = Duration.zero
            if case .recorded(let start, let factor, _) = setup.pace {
                let due = start + step.offset / factor
                _ = pump(until: due) { false }
                late = max(.zero, setup.uptime() - due)
            }
            report(result(of: step, late: late))
        }
        if case .recorded(_, _, let end?) = setup.pace, !sockets.isEmpty { _ = pump(until: end) { false } }
        for id in Array(sockets.keys) { close(id) }
        http = nil
    }

    private func result(of step: TrafficPlan.Step, late: Duration) -> AgainstResult.Entry {
        let invocation = step.invocation
        var entry = AgainstResult.Entry(
            position: invocation.position, function: invocation.function, recordedStatus: invocation.status)
        entry.late = late
        do throws(TrafficFailure) {
            if failedConnections >= setup.limits.failedConnections, let lastFailure { throw lastFailure }
            let reply = try perform(step)
            entry.latency = reply.latency
            guard let answer = reply.answer else { return entry }
            entry.status = answer.status
            let body = invocation.body
            entry.differences = setup.comparison.differences(
                recorded: (invocation.status, body), live: answer)
            if answer.status == invocation.status {
                setup.identities.learn(recorded: body, live: answer.body)
            }
        } catch { entry.failure = error }
        return entry
    }

    private func perform(_ step: TrafficPlan.Step) throws(TrafficFailure) -> Reply {
        guard case .socket(let name, let id, _) = step.invocation.event.trigger else {
            return try exchange(step)
        }
        switch name {
        case Trigger.connectEvent: return try connect(id, step)
        case Trigger.disconnectEvent:
            // What the host makes of it is nobody's answer.
            close(id)
            return Reply()
        default: return try emit(name, id, step)
        }
    }

    // MARK: HTTP

    private func exchange(_ step: TrafficPlan.Step) throws(TrafficFailure) -> Reply {
        let event = step.invocation.event
        let request = try TrafficRequest(
            event, data: setup.identities.rewritten(step.invocation.data), host: setup.authority,
            token: try token(step),
            address: peer(step))
        service()
        // What comes unasked says that the host is about to close, if it has not.
        if let link = http, link.connection.hasEnded || link.reader.isWithinResponse { http = nil }
        if http == nil {
            http = (try connection(), HTTPAnswerReader(limits: setup.limits))
        }
        let start = setup.uptime()
        let deadline = start + setup.limits.answerTime
        var answer: HTTPAnswer?
        do throws(TrafficFailure) {
            do throws(ConnectionError) {
                try http?.connection.send(request.bytes, until: deadline)
            } catch { throw TrafficFailure(sending: error) }
            try wait(until: deadline) { () throws(TrafficFailure) in
                guard let link = self.http else { throw .closed }
                let hasEnded = link.connection.hasEnded
                do throws(HTTPResponseError) {
                    answer = try self.http?.reader.next(toHead: request.isHead, atEnd: hasEnded)
                } catch { throw TrafficFailure(error) }
                if answer == nil, hasEnded { throw .closed }
                return answer != nil
            }
        } catch {
            // A late answer must not be taken for that of the next request.
            http = nil
            throw error
        }
        guard let answer else { throw .closed }
        let latency = setup.uptime() - start
        if !answer.head.keepsAlive { http = nil }
        return Reply(
            answer: (answer.head.status, String(decoding: answer.body, as: UTF8.self)), latency: latency)
    }

    /// A token for the step; for one whose token was refused, one that is refused too.
    private func token(_ step: TrafficPlan.Step) throws(TrafficFailure) -> String? {
        if let caller = step.caller { return try setup.identities.token(for: caller) }
        return step.invocation.taken.refusal == nil ? nil : "refused"
    }

    private func peer(_ step: TrafficPlan.Step) -> String? {
        step.invocation.event.address.flatMap { setup.peers[AddressBlock.of($0)] }
    }

    private func connection() throws(TrafficFailure) -> ClientConnection {
        do throws(ConnectionError) {
            let connection = try ClientConnection(
                to: setup.address, until: setup.uptime() + setup.limits.connectTime,
                Patience(uptime: setup.uptime))
            failedConnections = 0
            return connection
        } catch {
            let failure = TrafficFailure(connecting: error, within: setup.limits.connectTime)
            failedConnections += 1
            lastFailure = failure
            throw failure
        }
    }

    // MARK: Sockets

    private func connect(_ id: String, _ step: TrafficPlan.Step) throws(TrafficFailure) -> Reply {
        let start = setup.uptime()
        let outcome = try open(id, step, data: step.invocation.data)
        let latency = setup.uptime() - start
        let recorded = step.invocation.status
        switch outcome {
        case .accepted:
            // What $connect answers is not sent.
            let answer = recorded < 400 ? (recorded, step.invocation.body) : (200, "")
            return Reply(answer: answer, latency: latency)
        case .refused(let json):
            close(id)
            return Reply(answer: (Self.problemStatus(json) ?? 403, json), latency: latency)
        }
    }

    private func emit(
        _ name: String, _ id: String, _ step: TrafficPlan.Step
    ) throws(TrafficFailure) -> Reply {
        service()
        if sockets[id]?.isConnected != true {
            let outcome = try open(id, step, data: [])
            if case .refused(let json) = outcome {
                close(id)
                let title = JSONScanner.members(of: json)?.last { $0.name == "title" }?.value
                throw .refused(title.flatMap { JSONScanner.string(of: $0) } ?? "no reason is given")
            }
        }
        guard let socket = sockets[id] else { throw .closed }
        let data = setup.identities.rewritten(step.invocation.data)
        guard let text = String(validating: data, as: UTF8.self),
            text.isEmpty || JSONScanner.elements(of: "[\(text)]")?.count == 1
        else { throw .badEvent("its data is not JSON") }
        let areList = step.invocation.event.form == .arguments
        let start = setup.uptime()
        let deadline = start + setup.limits.answerTime
        var answer: [String]?
        do throws(TrafficFailure) {
            let acknowledgement = try socket.emit(
                name, arguments: text.isEmpty ? [] : SocketIOPacket.arguments(text, areList: areList),
                until: deadline)
            try wait(until: deadline) { () throws(TrafficFailure) in
                answer = socket.takeAcknowledgement(acknowledgement)
                if answer == nil, let failure = socket.failure { throw failure }
                return answer != nil
            }
        } catch {
            close(id)
            throw error
        }
        let latency = setup.uptime() - start
        let first = answer?.first ?? ""
        // A refusal is one argument, whatever was expected.
        let body =
            step.invocation.answersList && Self.problemStatus(first) == nil
            ? "[\(answer?.joined(separator: ",") ?? "")]" : first
        let recorded = step.invocation.status
        // An acknowledgement has no status but that of a problem.
        let status = Self.problemStatus(body) ?? (recorded < 400 ? recorded : 200)
        return Reply(answer: (status, body), latency: latency)
    }

    /// A new connection in place of one that may be there.
    private func open(
        _ id: String, _ step: TrafficPlan.Step, data: [UInt8]
    ) throws(TrafficFailure) -> SocketIOClient.Connecting {
        close(id)
        let auth = Self.auth(data, token: try token(step))
        let connection = try connection()
        let deadline = setup.uptime() + setup.limits.answerTime
        let socket = try SocketIOClient(
            connection, host: setup.authority, path: setup.socketPath,
            fields: TrafficRequest.fields(token: nil, address: peer(step)), seed: random.next(),
            limits: setup.limits, until: deadline)
        sockets[id] = socket
        do throws(TrafficFailure) {
            try wait(until: deadline) { () throws(TrafficFailure) in
                if let failure = socket.failure { throw failure }
                return socket.isOpened
            }
            try socket.connect(auth: auth, until: deadline)
            try wait(until: deadline) { () throws(TrafficFailure) in
                if socket.connecting == nil, let failure = socket.failure { throw failure }
                return socket.connecting != nil
            }
        } catch {
            close(id)
            throw error
        }
        return socket.connecting ?? .accepted
    }

    private func close(_ id: String) {
        guard let socket = sockets.removeValue(forKey: id) else { return }
        deliveredBefore += socket.delivered
        if socket.failure == nil { try? socket.disconnect(until: setup.uptime() + .seconds(1)) }
        socket.connection.end()
    }

    /// What a client says when it connects: what it said then, with a token of now.
    private static func auth(_ data: [UInt8], token: String?) -> String {
        var members = JSONScanner.members(of: String(decoding: data, as: UTF8.self)) ?? []
        if let token {
            members.removeAll { $0.name == "token" }
            members.append((name: "token", value: JSONScanner.quoted(token)))
        }
        if members.isEmpty { return "" }
        let parts = members.map { JSONScanner.quoted($0.name) + ":" + $0.value }
        return "{\(parts.joined(separator: ","))}"
    }

    /// The status of a problem (RFC 9457); nil for anything else.
    private static func problemStatus(_ json: String) -> Int? {
        guard json.contains("urn:problem-type:"), let members = JSONScanner.members(of: json),
            members.contains(where: { $0.name == "type" && $0.value.hasPrefix("\"urn:problem-type:") }),
            let status = members.last(where: { $0.name == "status" })
        else { return nil }
        return Int(status.value)
    }

    // MARK: Waiting

    private func wait(
        until deadline: Duration, _ isDone: () throws(TrafficFailure) -> Bool
    ) throws(TrafficFailure) {
        guard try pump(until: deadline, isDone) else { throw .answerTimeout(setup.limits.answerTime) }
    }

    /// Reads until it is done, or the time is over; whether it is done.
    private func pump<Failure: Error>(
        until deadline: Duration, _ isDone: () throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        while true {
            service()
            if try isDone() { return true }
            let left = deadline - setup.uptime()
            guard left > .zero else { return false }
            var connections = sockets.values.map(\.connection)
            if let http { connections.append(http.connection) }
            ClientConnection.wait(for: connections, atMost: left)
        }
    }

    /// Takes what has arrived on every connection.
    private func service() {
        for socket in sockets.values { socket.service(until: setup.uptime() + setup.limits.connectTime) }
        guard let connection = http?.connection else { return }
        connection.fill(atMost: setup.limits.answerBytes)
        http?.reader.append(connection.take())
    }
}
