internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// A plain WebSocket endpoint of the manifest.
struct WebSocketEndpoint: Sendable {
    let path: String
    let settings: WebSocketSettings
}

/// A plain WebSocket as a trigger: one message, one event. It has one socket.
final class PlainSession: Session {
    let endpoint: WebSocketEndpoint

    init(_ table: Sessions, id: UInt64, name: String, address: String, _ endpoint: WebSocketEndpoint) {
        self.endpoint = endpoint
        super.init(table, id: id, name: name, address: address)
    }

    override func place(of socket: Socket) -> String { endpoint.path }
    override var fallbackEvent: String { Trigger.defaultEvent }
    override var isSocketIO: Bool { false }

    // MARK: Connecting

    /// What needs a token and has brought none in the request may bring it in its first message.
    func begin(_ request: HTTPRequest) {
        let entry = hub.routes.function(
            forEvent: EventName(at: endpoint.path, Trigger.connectEvent).description)
        let query = request.queryItems()
        let token = HTTPTrigger.bearer(request) ?? query.first(where: { $0.name == "token" })?.value
        if let token {
            connect(.token(token), query: query)
        } else if entry.map({ $0.access == .none }) ?? true {
            connect(.none, query: query)
        }
    }

    /// `query`: what `$connect` gets as its data, without the token.
    private func connect(_ credential: Event.Credential, query: [(name: String, value: String)] = []) {
        let socket = Socket(
            key: hub.nextKey(), session: self, namespace: "/", connectionID: hub.connectionID(),
            isRecoverable: false, credential: credential)
        var seen: Set<String> = ["token"]
        let members = query.filter { seen.insert($0.name).inserted }.map {
            JSONScanner.quoted($0.name) + ":" + JSONScanner.quoted($0.value)
        }
        hub.begin(socket, data: Array("{\(members.joined(separator: ","))}".utf8))
    }

    /// `{"token":"…"}`.
    private func receiveToken(_ message: WebSocketDecoder.Message) {
        guard case .text(let text) = message,
            let token = JSONScanner.values(
                of: ["token"], in: text, atMost: SocketIOLimits.standard.connectBytes)?[0]
                .flatMap({ JSONScanner.string(of: $0) })
        else {
            let problem = Problem(.unauthenticated, #"The first message must be {"token":"…"}."#)
            send(OutgoingPacket(plain: core.told(problem)))
            return end(.serverDisconnect, code: 1008, "a token is needed")
        }
        connect(.token(token))
    }

    // MARK: Messages

    override func receive(_ message: WebSocketDecoder.Message, over channel: WebSocketChannel) {
        guard let socket = sockets.first else { return receiveToken(message) }
        let route: String
        let data: String
        var form = DataForm.value
        switch message {
        case .text(let text):
            let field = endpoint.settings.routeBy
            let name = field.flatMap { JSONScanner.values(of: [$0], in: text)?[0] }
                .flatMap { JSONScanner.string(of: $0) }
            let isBound = name.map {
                $0 == SocketHub.authenticateEvent
                    || !$0.hasPrefix("$") && hub.routes.function(forEvent: socket.fullName(of: $0)) != nil
            }
            route = isBound == true ? name ?? "" : Trigger.defaultEvent
            data = text
            if !JSONScanner.isJSON(text) { form = .text }
        case .binary(let bytes):
            route = Trigger.defaultEvent
            data = #"{"$binary":"\#(Base64.encode(bytes))"}"#
        default: return
        }
        socket.waiting.append(
            Socket.WaitingEvent(
                name: socket.fullName(of: route), data: Array(data.utf8), form: form, acknowledgement: nil))
        hub.handleNext(socket)
    }

    override func receivePong() { heartbeat.pong() }

    override func ping() { channel?.send(Self.pingFrame) }

    private static let pingFrame: [UInt8] = {
        var frame: [UInt8] = []
        WebSocketEncoder.frame(.ping, [UInt8](), into: &frame)
        return frame
    }()

    // MARK: Answers

    override func deny(_ socket: Socket, _ outcome: Outcome) {
        send(OutgoingPacket(plain: outcome.json))
        end(.serverDisconnect, code: 1008, outcome.problem?.kind.title ?? "refused")
    }

    override func part(from socket: Socket, code: UInt16, _ text: String) {
        hub.leave(socket, .serverDisconnect)
        if sockets.isEmpty { end(.serverDisconnect, code: code, text) }
    }

    override func wantsAnswer(to event: Socket.WaitingEvent) -> Bool { true }

    override func answer(
        _ event: Socket.WaitingEvent, _ json: String, _ form: DataForm, of socket: Socket
    ) {
        send(OutgoingPacket(plain: json, form: form))
    }
}
