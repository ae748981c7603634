internal import Base
internal import Ledger
internal import Runtime
internal import Wire

/// Tokens of open sockets: their end, and new ones in-band.
extension Serving {
    static let authenticateEvent = "authenticate"

    /// Tells a socket that its token is no good any more, and closes it.
    func endToken(_ socket: Socket, _ reason: String) {
        let emit = Emit(rooms: [], event: "token_expired", json: #"{"reason":"\#(reason)"}"#)
        var delivery = Delivery(emit, number: 0)
        send(delivery.packet(for: socket), to: socket.link)
        disconnect(socket, code: 1008, "the token has ended")
    }

    /// Sends a socket away. Its link ends with its last socket.
    func disconnect(_ socket: Socket, code: UInt16, _ text: String) {
        let link = socket.link
        if link.endpoint == nil { send(.disconnect(namespace: socket.namespace), to: link) }
        leave(socket, .serverDisconnect)
        guard link.sockets.isEmpty else { return }
        if link.endpoint == nil {
            // A moment later: a client that sees its line end at once does not look at what came before.
            link.connectDeadline = now + limits.partingTime
            plan(link)
        } else {
            end(link, .serverDisconnect, code: code, text)
        }
    }

    /// The event `authenticate`: a fresh token for an open socket, of the same player.
    func authenticate(_ event: Socket.WaitingEvent, _ key: UInt64) async -> String {
        do throws(Problem) {
            let text = String(decoding: event.data, as: UTF8.self)
            guard
                let token = JSONScanner.values(
                    of: ["token"], in: text, atMost: SocketIOLimits.standard.connectBytes)?[0]
                    .flatMap({ JSONScanner.string(of: $0) })
            else { throw Problem(.malformed, #"The data must be {"token":"…"}."#) }
            let claims = try await invoker.identify(token)
            guard let socket = sockets[key] else { return "{}" }
            guard socket.subject == nil || claims.subject == socket.subject else {
                throw Problem(.forbidden, "The token is another player's.")
            }
            socket.credential = .verified(claims)
            plan(socket.link)
            return claims.expiresAt.map { #"{"expires_at":"\#($0.rfc3339)"}"# } ?? "{}"
        } catch { return core.told(error) }
    }
}
