internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// Socket.IO v5 over an Engine.IO session: namespaces, events, acknowledgements, binary. Turns packets into what the hub
/// is told. https://socket.io/docs/v4/socket-io-protocol/
enum SocketIO {
    /// Our questions are numbered as the store numbers them.
    static let limits = SocketIOLimits(idDigits: 18)

    static func receive(_ packet: SocketIOPacket, _ session: EngineSession) throws(SocketIOError) {
        let hub = session.hub
        let socket = session.sockets.first { $0.namespace == packet.namespace }
        if packet.kind == .connect {
            if let socket {
                // JavaScript's client leaves without a goodbye, and comes again, where it is not connected yet.
                guard socket.life.isConnecting else { throw .invalidPayload }
                hub.leave(socket, .clientDisconnect)
            }
            return connect(packet, session)
        }
        guard let socket else {
            // It may have been told to leave just now.
            if packet.namespace != "/" || session.sockets.contains(where: \.life.isOpen) { return }
            throw .invalidPayload
        }
        switch packet.kind {
        case .event, .binaryEvent:
            guard socket.life.isOpen else { throw .invalidPayload }
            try receiveEvent(packet, socket)
        case .ack, .binaryAck:
            guard let id = packet.id, let question = socket.questions[id] else { return }
            do throws(SocketIOError) {
                let (data, form) = data(try packet.arguments())
                socket.questions[id] = nil
                hub.answered(question, by: socket, data: data, form)
            } catch {
                // One that cannot be read is none: the question waits on.
                guard error.isOfThePacket else { throw error }
            }
        case .disconnect:
            // One that was connected may do so again; one that was not has no more time for that than it had.
            if socket.life.isOpen {
                session.connectDeadline = hub.core.now + hub.core.settings.connectTimeout
            }
            hub.leave(socket, .clientDisconnect)
            session.plan()
        case .connect, .connectError: throw .invalidPayload
        }
    }

    private static func receiveEvent(_ packet: SocketIOPacket, _ socket: Socket) throws(SocketIOError) {
        let hub = socket.session.hub
        do throws(SocketIOError) {
            let (name, arguments) = try packet.event()
            let (data, form) = data(arguments)
            hub.enqueue(
                Socket.WaitingEvent(
                    name: socket.fullName(of: name), data: data, form: form, acknowledgement: packet.id),
                named: name, socket)
        } catch {
            guard let problem = problem(error) else { throw error }
            let event = Socket.WaitingEvent(name: "", data: [], acknowledgement: packet.id)
            if socket.session.admitsStray(event, socket), packet.id != nil {
                socket.session.answer(event, hub.core.told(problem), of: socket)
            }
        }
    }

    /// What is wrong with one packet alone; nil where it is the line that is.
    private static func problem(_ error: SocketIOError) -> Problem? {
        switch error {
        case .tooDeep: Problem(.malformed, "The arguments are nested too deeply.")
        case .nameTooLong:
            Problem(.malformed, "An event's name may have \(SocketIOLimits.standard.eventNameBytes) bytes.")
        case .tooManyArguments:
            Problem(.malformed, "An event may have \(SocketIOLimits.standard.arguments) arguments.")
        default: nil
        }
    }

    /// One argument as it is; none, and several, as the array of them.
    private static func data(_ arguments: [String]) -> (data: [UInt8], form: DataForm) {
        if arguments.count == 1 { return (Array(arguments[0].utf8), .value) }
        return (Array("[\(arguments.joined(separator: ","))]".utf8), .arguments)
    }

    // MARK: Connecting

    private static func connect(_ packet: SocketIOPacket, _ session: EngineSession) {
        let hub = session.hub
        let namespace = packet.namespace
        guard namespace == "/" || hub.routes.namespaces.contains(namespace) else {
            return session.send(.connectError(message: "Invalid namespace", namespace: namespace))
        }
        guard session.sockets.count < session.limits.namespaces else {
            return session.send(.connectError(message: "Too many namespaces", namespace: namespace))
        }
        let payload = packet.json ?? ""
        guard payload.utf8.count <= limits.connectBytes else {
            let problem = hub.core.told(
                Problem(.tooLarge, "What a connect brings may have \(limits.connectBytes) bytes."))
            return session.send(
                .connectError(message: "Too large", data: problem, namespace: namespace))
        }
        let auth = Auth(payload)
        let takesOffsets =
            session.takesOffsets && auth.takesOffsets && hub.core.settings.recoveryWindow > .zero
        let socket = Socket(
            key: hub.nextKey(), session: session, namespace: namespace,
            connectionID: hub.connectionID(), isRecoverable: takesOffsets,
            credential: auth.token.map { .token($0) } ?? .none, wish: takesOffsets ? auth.wish : nil)
        hub.begin(socket, data: Array(payload.utf8))
    }

    /// What a client brings to its connect.
    private struct Auth {
        let token: String?
        /// Whether an offset behind the arguments of each event does no harm.
        let takesOffsets: Bool
        /// What it asks to come back to.
        let wish: Socket.Wish?

        init(_ payload: String) {
            let names = ["token", "pid", "offset", "recovery"]
            let values = JSONScanner.values(of: names, in: payload) ?? names.map { _ in nil }
            func member(_ name: String) -> String? { names.firstIndex(of: name).flatMap { values[$0] } }
            func text(_ name: String) -> String? { member(name).flatMap { JSONScanner.string(of: $0) } }
            let token = text("token")
            self.token = token
            takesOffsets = member("recovery") != "false"
            // An offset that is no number is none of ours; to take it for none would tell everything again.
            let hasOffset = member("offset") != nil
            let offset = text("offset").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
            if let pid = text("pid"), let token, !hasOffset || offset != nil {
                wish = Socket.Wish(connectionID: pid, offset: offset, token: token)
            } else {
                wish = nil
            }
        }
    }
}
