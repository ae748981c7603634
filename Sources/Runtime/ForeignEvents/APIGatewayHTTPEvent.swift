internal import Base
internal import Functions
internal import Identity
internal import Observability
internal import Wire

/// HTTP events of API Gateway, payload format 2.0
/// (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
///
/// The event becomes what the same request would be over HTTP here: the body, or without one the query as a JSON
/// object, is the data. The claims of a JWT authorizer, or of a Lambda authorizer whose context has `sub` or
/// `principalId`, count as verified; without them a bearer token is one still to be verified. Of trace headers only
/// W3C's `traceparent` and `Idempotency-Key` are read.
enum APIGatewayHTTPEvent {
    static func event(of object: ForeignObject, receivedAt: Timestamp?) throws(EventFault) -> Event {
        guard try object.required("version") == "2.0" else {
            throw object.fault("version", "must be \"2.0\"")
        }
        let context = try object.requiredObject("requestContext")
        let http = try context.requiredObject("http")
        let method = try http.required("method")
        let path = try path(object, context, http)
        let headers = try APIGatewayMessage.headers(object)
        let claims: Claims? =
            if let authorizer = try context.object("authorizer") {
                try APIGatewayClaims.ofHTTP(authorizer)
            } else { nil }
        var data = try APIGatewayMessage.body(object)
        if data.isEmpty { data = try APIGatewayMessage.queryObject(object) }
        return Event(
            id: try context.required("requestId"),
            time: try context.time("timeEpoch", receivedAt: receivedAt),
            trigger: .http(method: method, path: path),
            credential: claims.map(Event.Credential.verified)
                ?? Event.Credential(bearerIn: headers["authorization"]),
            address: try http.text("sourceIp").map { IPLiteral.canonical($0) ?? $0 },
            trace: headers["traceparent"].flatMap { TraceContext(traceparent: $0) },
            idempotencyKey: headers["idempotency-key"], data: data)
    }

    /// The path behind the stage: at an API's own address (`ID.execute-api.REGION.amazonaws.com`), but not behind a
    /// domain of its own, the path starts with the name of a stage that is not `$default`.
    private static func path(
        _ object: ForeignObject, _ context: ForeignObject, _ http: ForeignObject
    ) throws(EventFault) -> String {
        let name = object.has("rawPath") ? "rawPath" : "requestContext.http.path"
        let path =
            if let raw = try object.text("rawPath") { raw } else { try http.required("path") }
        guard path.utf8.first == UInt8(ascii: "/") else { throw EventFault(name, "must start with '/'") }
        guard let stage = try context.text("stage"), !stage.isEmpty, stage != "$default",
            try context.text("domainName")?.utf8.split(separator: UInt8(ascii: "."))
                .contains(where: { String(Substring($0)).lowercased() == "execute-api" }) ?? true
        else { return path }
        let prefix = "/" + stage
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        guard path.utf8.starts(with: prefix.utf8), rest.first ?? UInt8(ascii: "/") == UInt8(ascii: "/") else {
            return path
        }
        return rest.isEmpty ? "/" : String(Substring(rest))
    }
}
