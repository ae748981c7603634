internal import Base
internal import Functions
internal import Identity
internal import Observability
internal import Wire

/// Events of API Gateway's WebSocket APIs
/// (docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html).
///
/// The route key is the event's name, `domainName` its host. The data is the message; of `$connect`, which has none,
/// the query as a JSON object, as Socket.IO's connect packet has its payload; of `$disconnect` what the host says of
/// such an end, `{"reason":"Going away","recoverable":false}`, and the `code` with it. What a Lambda
/// authorizer left counts as verified; without it, on `$connect`, the token is that of `Authorization: Bearer`, or
/// what the query calls `token`.
enum APIGatewaySocketEvent {
    static func event(of object: ForeignObject, receivedAt: Timestamp?) throws(EventFault) -> Event {
        let context = try object.requiredObject("requestContext")
        let route = try route(context)
        let headers = try APIGatewayMessage.headers(object)
        var claims: Claims?
        if let authorizer = try context.object("authorizer") {
            claims = try APIGatewayClaims.ofSocket(authorizer)
        }
        var data: [UInt8] = []
        switch route {
        case Trigger.disconnectEvent:
            // As the host does: a departure must succeed whatever has become of the session meanwhile.
            claims?.session = nil
            claims?.expiresAt = nil
            data = try departure(context)
        case Trigger.connectEvent:
            data = try APIGatewayMessage.body(object)
            if data.isEmpty { data = try APIGatewayMessage.queryObject(object) }
        default: data = try APIGatewayMessage.body(object)
        }
        var credential =
            claims.map(Event.Credential.verified) ?? Event.Credential(bearerIn: headers["authorization"])
        if case .none = credential, route == Trigger.connectEvent,
            let token = try object.object("queryStringParameters")?.text("token"), !token.isEmpty
        {
            credential = .token(token)
        }
        return Event(
            id: try context.required("requestId"),
            time: try context.time("requestTimeEpoch", receivedAt: receivedAt),
            trigger: .socket(
                event: route, connection: try context.required("connectionId"),
                host: try context.text("domainName") ?? "apigateway"),
            credential: credential,
            address: try context.object("identity")?.text("sourceIp").map { IPLiteral.canonical($0) ?? $0 },
            trace: headers["traceparent"].flatMap { TraceContext(traceparent: $0) }, data: data)
    }

    /// Why a socket has left. Nobody comes back to a connection of API Gateway's.
    private static func departure(_ context: ForeignObject) throws(EventFault) -> [UInt8] {
        let code = try context.wholeNumber("disconnectStatusCode")
        var reason = try context.text("disconnectReason") ?? ""
        if reason.isEmpty {
            // 1000 and 1001 are ends as they should be, 1005 says nothing (RFC 6455 section 7.4.1).
            let isPlain = [1_000, 1_001, 1_005].contains(code ?? 1_005)
            reason = isPlain ? "transport close" : "transport error"
        }
        let codeMember = code.map { "\"code\":\($0)," } ?? ""
        return Array("{\(codeMember)\"reason\":\(JSONScanner.quoted(reason)),\"recoverable\":false}".utf8)
    }

    /// The route key, which must agree with the kind of event.
    private static func route(_ context: ForeignObject) throws(EventFault) -> String {
        let route = try context.required("routeKey")
        let expected: String
        switch route {
        case Trigger.connectEvent: expected = "CONNECT"
        case Trigger.disconnectEvent: expected = "DISCONNECT"
        default: expected = "MESSAGE"
        }
        let kind = try context.required("eventType")
        guard ["CONNECT", "MESSAGE", "DISCONNECT"].contains(kind) else {
            throw context.fault("eventType", "must be CONNECT, MESSAGE or DISCONNECT")
        }
        guard kind == expected else {
            throw context.fault("eventType", "does not fit 'routeKey', which asks for \(expected)")
        }
        return route
    }
}
