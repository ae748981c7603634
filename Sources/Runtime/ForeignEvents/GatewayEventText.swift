internal import Base
public import Functions
internal import Wire

/// Events as API Gateway hands them to Lambda functions, for programs that know nothing of ours: of an HTTP request in
/// payload format 2.0, of a socket as a WebSocket API has it. Whatever else starts a function is its data alone.
///
/// What our reading of such events takes (``EventFile``) is what stands here; whom the pipeline has verified is the
/// authorizer's caller, and no token is handed on.
public enum GatewayEventText {
    /// The JSON text of an event.
    public static func json(_ event: Event, caller: Claims?) -> [UInt8] {
        switch event.trigger {
        case .http(let method, let path): Array(http(event, method, path, caller).utf8)
        case .socket(let name, let connection, let host):
            Array(socket(event, name, connection, host, caller).utf8)
        case .queue, .other, .direct: event.data.isEmpty ? Array("null".utf8) : event.data
        }
    }

    // MARK: HTTP

    private static func http(_ event: Event, _ method: String, _ path: String, _ caller: Claims?) -> String {
        // Without a body the query is the data.
        let isQuery = method == "GET" || method == "HEAD"
        let query = isQuery ? queryItems(event.data) : []
        var headers = ["host": "localhost", "x-request-id": event.id]
        if !isQuery { headers["content-type"] = "application/json" }
        if let address = event.address { headers["x-forwarded-for"] = address }
        if let trace = event.trace { headers["traceparent"] = trace.traceparent }
        if let key = event.idempotencyKey { headers["idempotency-key"] = key }
        var members = [
            #""version":"2.0""#,
            #""routeKey":"# + quoted("\(method) \(path)"),
            #""rawPath":"# + quoted(path),
            #""rawQueryString":"#
                + quoted(query.map { encoded($0.name) + "=" + encoded($0.value) }.joined(separator: "&")),
            #""headers":"# + object(headers),
        ]
        if !query.isEmpty {
            let values = Dictionary(query.map { ($0.name, $0.value) }) { first, _ in first }
            members.append(#""queryStringParameters":"# + object(values))
        }
        members.append(#""requestContext":"# + httpContext(event, method, path, caller))
        if !isQuery { members += body(event.data) }
        if isQuery { members.append(#""isBase64Encoded":false"#) }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func httpContext(
        _ event: Event, _ method: String, _ path: String, _ caller: Claims?
    ) -> String {
        var members = [
            #""accountId":"000000000000","apiId":"local","domainName":"localhost","domainPrefix":"localhost""#,
            #""requestId":"# + quoted(event.id), #""routeKey":"# + quoted("\(method) \(path)"),
            #""stage":"$default","timeEpoch":\#(event.time.milliseconds)"#,
            #""http":"#
                + object([
                    "method": method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": event.address ?? "127.0.0.1",
                    "userAgent": "",
                ]),
        ]
        if let caller {
            members.append(#""authorizer":{"jwt":{"claims":\#(claims(caller)),"scopes":null}}"#)
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func queryItems(_ data: [UInt8]) -> [(name: String, value: String)] {
        guard let text = String(validating: data, as: UTF8.self) else { return [] }
        return (JSONScanner.members(of: text) ?? []).map { name, value in
            (name, JSONScanner.string(of: value) ?? value)
        }
    }

    /// As a query has it (application/x-www-form-urlencoded).
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "*"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }

    // MARK: Sockets

    private static func socket(
        _ event: Event, _ name: String, _ connection: String, _ host: String, _ caller: Claims?
    ) -> String {
        let route = name.split(separator: "#", omittingEmptySubsequences: false).last.map(String.init) ?? name
        let kind =
            switch route {
            case Trigger.connectEvent: "CONNECT"
            case Trigger.disconnectEvent: "DISCONNECT"
            default: "MESSAGE"
            }
        var context = [
            #""routeKey":"# + quoted(kind == "MESSAGE" ? name : route), #""eventType":"\#(kind)""#,
            #""requestId":"# + quoted(event.id), #""connectionId":"# + quoted(connection),
            #""domainName":"# + quoted(host), #""stage":"$default","apiId":"local","messageDirection":"IN""#,
            #""requestTimeEpoch":\#(event.time.milliseconds),"connectedAt":\#(event.time.milliseconds)"#,
            #""identity":"# + object(["sourceIp": event.address ?? "127.0.0.1"]),
        ]
        if kind == "MESSAGE" { context.append(#""messageId":"# + quoted(event.id)) }
        if let caller { context.append(#""authorizer":"# + claims(caller, principal: true)) }
        var members = [#""requestContext":{"# + context.joined(separator: ",") + "}"]
        if let trace = event.trace {
            members.append(#""headers":"# + object(["traceparent": trace.traceparent]))
        }
        members += body(event.data)
        return "{" + members.joined(separator: ",") + "}"
    }

    // MARK: Parts

    private static func body(_ data: [UInt8]) -> [String] {
        if let text = String(validating: data, as: UTF8.self) {
            return [#""body":"# + quoted(text), #""isBase64Encoded":false"#]
        }
        return [#""body":"# + quoted(Base64.encode(data)), #""isBase64Encoded":true"#]
    }

    /// Authorizers give texts alone.
    private static func claims(_ claims: Claims, principal: Bool = false) -> String {
        var members = ["sub": claims.subject]
        if principal { members["principalId"] = claims.subject }
        if let session = claims.session { members["sid"] = session }
        if !claims.roles.isEmpty { members["roles"] = "[" + claims.roles.joined(separator: " ") + "]" }
        if let end = claims.expiresAt { members["exp"] = String(end.milliseconds / 1_000) }
        return object(members)
    }

    private static func object(_ members: [String: String]) -> String {
        "{"
            + members.sorted { $0.key < $1.key }.map { quoted($0.key) + ":" + quoted($0.value) }.joined(
                separator: ",")
            + "}"
    }

    private static func quoted(_ text: String) -> String { JSONScanner.quoted(text) }
}
