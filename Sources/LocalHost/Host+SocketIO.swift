internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// Socket.IO v5 over Engine.IO: namespaces, events, acknowledgements, binary.
/// https://socket.io/docs/v4/socket-io-protocol/
extension Serving {
    /// Our questions are numbered as the store numbers them.
    private static let packetLimits = SocketIOLimits(idDigits: 18)

    func receiveText(_ text: String, _ link: Link) {
        do throws(SocketIOError) {
            let packet = try SocketIOPacket(decoding: text, limits: Self.packetLimits)
            if let whole = try link.assembler.receive(packet) { try receive(whole, link) }
        } catch {
            end(link, behindAnswers: .violation(code: 1002, text: "not a Socket.IO packet"))
        }
    }

    func receiveAttachment(_ bytes: [UInt8], _ link: Link) {
        do throws(SocketIOError) {
            if let whole = try link.assembler.receive(attachment: bytes) { try receive(whole, link) }
        } catch {
            end(link, behindAnswers: .violation(code: 1002, text: "not a Socket.IO attachment"))
        }
    }

    private func receive(_ packet: SocketIOPacket, _ link: Link) throws(SocketIOError) {
        let socket = link.socket(in: packet.namespace)
        if packet.kind == .connect {
            if let socket {
                // JavaScript's client leaves without a goodbye, and comes again, where it is not connected yet.
                guard socket.life.isConnecting else { throw .invalidPayload }
                leave(socket, .clientDisconnect)
            }
            return connect(packet, link)
        }
        guard let socket else {
            // It may have been told to leave just now.
            if packet.namespace != "/" || link.sockets.contains(where: \.life.isOpen) { return }
            throw .invalidPayload
        }
        switch packet.kind {
        case .event, .binaryEvent:
            guard socket.life.isOpen else { throw .invalidPayload }
            try receiveEvent(packet, socket)
        case .ack, .binaryAck:
            guard let id = packet.id, let question = socket.questions[id] else { return }
            do throws(SocketIOError) {
                let (data, form) = Self.data(try packet.arguments())
                socket.questions[id] = nil
                answered(question, by: socket, data: data, form)
            } catch {
                // One that cannot be read is none: the question waits on.
                guard error.isOfThePacket else { throw error }
            }
        case .disconnect:
            // One that was connected may do so again; one that was not has no more time for that than it had.
            if socket.life.isOpen { link.connectDeadline = now + settings.connectTimeout }
            leave(socket, .clientDisconnect)
            plan(link)
        case .connect, .connectError: throw .invalidPayload
        }
    }

    private func receiveEvent(_ packet: SocketIOPacket, _ socket: Socket) throws(SocketIOError) {
        do throws(SocketIOError) {
            let (name, arguments) = try packet.event()
            let (data, form) = Self.data(arguments)
            enqueue(
                Socket.WaitingEvent(
                    name: socket.fullName(of: name), data: data, form: form, acknowledgement: packet.id),
                named: name, socket)
        } catch {
            guard let problem = Self.problem(error) else { throw error }
            let event = Socket.WaitingEvent(name: "", data: [], acknowledgement: packet.id)
            if admitsStray(event, socket), packet.id != nil {
                acknowledge(event, core.told(problem), of: socket)
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

    private func connect(_ packet: SocketIOPacket, _ link: Link) {
        let namespace = packet.namespace
        guard namespace == "/" || router.namespaces.contains(namespace) else {
            return send(.connectError(message: "Invalid namespace", namespace: namespace), to: link)
        }
        guard link.sockets.count < limits.namespaces else {
            return send(.connectError(message: "Too many namespaces", namespace: namespace), to: link)
        }
        let payload = packet.json ?? ""
        let limit = Self.packetLimits.connectBytes
        guard payload.utf8.count <= limit else {
            let problem = core.told(Problem(.tooLarge, "What a connect brings may have \(limit) bytes."))
            return send(.connectError(message: "Too large", data: problem, namespace: namespace), to: link)
        }
        let names = ["token", "pid", "offset", "recovery"]
        let values = JSONScanner.values(of: names, in: payload) ?? names.map { _ in nil }
        func member(_ name: String) -> String? { names.firstIndex(of: name).flatMap { values[$0] } }
        func text(_ name: String) -> String? { member(name).flatMap { JSONScanner.string(of: $0) } }
        let credential = text("token").map { Event.Credential.token($0) } ?? .none
        let takesOffsets =
            link.takesOffsets && member("recovery") != "false"
            && settings.recoveryWindow > .zero
        // An offset that is no number is none of ours; to take it for none would tell everything again.
        let hasOffset = member("offset") != nil
        let offset = text("offset").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        var wish: Socket.Wish?
        if takesOffsets, let pid = text("pid"), let token = text("token"), !hasOffset || offset != nil {
            wish = Socket.Wish(connectionID: pid, offset: offset, token: token)
        }
        let socket = Socket(
            key: nextKey(), link: link, namespace: namespace,
            connectionID: connectionID(), isRecoverable: takesOffsets,
            credential: credential, wish: wish)
        begin(socket, data: Array(payload.utf8))
    }

    /// A new connection's id: who names it may go on with the connection.
    func connectionID() -> String { invoker.platform.secretIdentifier("socket") }

    /// The connect answer, and what has come for the client in the meantime.
    func grant(_ socket: Socket) {
        var json = #"{"sid":\#(JSONScanner.quoted(socket.connectionID))"#
        if socket.isRecoverable { json += #","pid":\#(JSONScanner.quoted(socket.connectionID))"# }
        send(
            SocketIOPacket(kind: .connect, namespace: socket.namespace, json: json + "}"), to: socket.link)
    }

    func refuseConnect(_ socket: Socket, _ outcome: Outcome) {
        send(
            .connectError(
                message: outcome.problem?.kind.title ?? "refused", data: outcome.json,
                namespace: socket.namespace), to: socket.link)
    }

    func acknowledge(_ event: Socket.WaitingEvent, _ json: String, _ form: DataForm, _ socket: Socket) {
        guard let id = event.acknowledgement else { return }
        let arguments = SocketIOPacket.arguments(json, areList: form == .arguments)
        send(.ack(id: id, json: arguments, namespace: socket.namespace), to: socket.link)
    }
}
