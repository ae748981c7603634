internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// Plain WebSockets as a trigger: one message, one event.
extension Serving {
    func openPlain(_ endpoint: WebSocketEndpoint, _ request: HTTPRequest, _ connection: Connection) {
        connection.isBusy = true
        guard origins.admits(request) else {
            let problem = Problem(.forbidden, "This origin may not use the sockets.")
            return answer(connection, response(problem, request), to: request)
        }
        guard !isStopping, hasRoomForConnects else {
            return answer(connection, response(tooManyConnects, request), to: request)
        }
        let address = clientAddress(request, peer: connection.address)
        guard admitsLink(request, connection, from: address) else { return }
        let link = Link(
            id: nextKey(), name: engineName(), address: address,
            endpoint: endpoint, takesOffsets: false, now: now, settings: settings)
        guard let channel = openChannel(link, request, connection) else { return }
        link.connection = connection
        register(link)
        // What needs a token and has brought none in the request may bring it in its first message.
        let entry = router.function(forEvent: "\(endpoint.path)#\(Trigger.connectEvent)")
        let query = request.queryItems()
        if let token = bearer(request) ?? query.first(where: { $0.name == "token" })?.value {
            connectPlain(link, .token(token), query: query)
        } else if entry.map({ $0.access == .none }) ?? true {
            connectPlain(link, .none, query: query)
        }
        begin(channel, connection)
    }

    /// `query`: what `$connect` gets as its data, without the token.
    private func connectPlain(
        _ link: Link, _ credential: Event.Credential, query: [(name: String, value: String)] = []
    ) {
        let socket = Socket(
            key: nextKey(), link: link, namespace: "/", connectionID: connectionID(), isRecoverable: false,
            credential: credential)
        var seen: Set<String> = ["token"]
        let members = query.filter { seen.insert($0.name).inserted }.map {
            JSONScanner.quoted($0.name) + ":" + JSONScanner.quoted($0.value)
        }
        begin(socket, data: Array("{\(members.joined(separator: ","))}".utf8))
    }

    func receivePlain(_ message: WebSocketDecoder.Message, _ link: Link) {
        guard let endpoint = link.endpoint else { return }
        guard let socket = link.sockets.first else { return receiveToken(message, link) }
        let route: String
        let data: String
        var form = DataForm.value
        switch message {
        case .text(let text):
            let field = endpoint.settings.routeBy
            let name = field.flatMap { JSONScanner.values(of: [$0], in: text)?[0] }
                .flatMap { JSONScanner.string(of: $0) }
            let isBound = name.map {
                $0 == Self.authenticateEvent
                    || !$0.hasPrefix("$") && router.function(forEvent: socket.fullName(of: $0)) != nil
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
        handleNext(socket)
    }

    /// `{"token":"…"}`.
    private func receiveToken(_ message: WebSocketDecoder.Message, _ link: Link) {
        guard case .text(let text) = message,
            let token = JSONScanner.values(
                of: ["token"], in: text, atMost: SocketIOLimits.standard.connectBytes)?[0]
                .flatMap({ JSONScanner.string(of: $0) })
        else {
            let problem = Problem(.unauthenticated, #"The first message must be {"token":"…"}."#)
            send(OutgoingPacket(plain: core.told(problem)), to: link)
            return end(link, .serverDisconnect, code: 1008, "a token is needed")
        }
        connectPlain(link, .token(token))
    }
}
