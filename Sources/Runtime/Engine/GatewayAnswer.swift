internal import Base
package import Functions

/// An answer in API Gateway's format for Lambda functions, payload format 2.0: `statusCode`, `headers`, `body`,
/// `isBase64Encoded`, `cookies`; anything without a `statusCode` is a body of JSON with the status 200
/// (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html). To what is no
/// HTTP request and no socket, any JSON is the answer itself.
public struct GatewayAnswer: Sendable, Equatable {
    /// The HTTP status.
    public let status: Int
    /// The fields that the program set, without those that are the host's.
    public let headers: [(name: String, value: String)]
    /// The content.
    public let body: [UInt8]
    /// The answer as it is kept and given again: JSON text.
    let json: String

    public static func == (one: GatewayAnswer, other: GatewayAnswer) -> Bool { one.json == other.json }

    /// How many fields may be set, and how long they may be together.
    private static let fieldLimit = 100
    private static let fieldBytes = 32 * 1024

    /// Reads what a program answered to an event. Throws a 502 where it is no such answer, and what it refused with where
    /// that was no HTTP request.
    package init(_ text: String, to event: Event) throws(Problem) {
        // As such clients write where nothing is returned; NaN and Infinity are no JSON.
        let text = text.isEmpty ? "null" : text
        guard JSONScanner.isJSON(text) else { throw Self.bad("is not JSON") }
        switch event.trigger {
        case .http: try self.init(text)
        case .socket:
            try self.init(text)
            if status >= 400 { throw refusal }
        case .queue, .other, .direct: self.init(200, [], Array(text.utf8), text)
        }
    }

    private init(_ status: Int, _ headers: [(name: String, value: String)], _ body: [UInt8], _ json: String) {
        (self.status, self.headers, self.body, self.json) = (status, headers, body, json)
    }

    /// Reads an answer to an HTTP request.
    private init(_ json: String) throws(Problem) {
        let names = ["statusCode", "headers", "body", "isBase64Encoded", "cookies"]
        guard let values = JSONScanner.values(of: names, in: json), let code = values[0] else {
            self.init(200, [("Content-Type", "application/json")], Array(json.utf8), json)
            return
        }
        guard let status = Int(JSONScanner.string(of: code) ?? code), (200...599).contains(status) else {
            throw Self.bad("has a 'statusCode' that is no status from 200 to 599")
        }
        var headers: [(name: String, value: String)] = []
        if let object = values[1], object != "null" {
            guard let members = JSONScanner.members(of: object) else {
                throw Self.bad("has 'headers' that are no object")
            }
            for (name, value) in members {
                let text = JSONScanner.string(of: value) ?? value
                if !Self.isHosts(name) { headers.append((name, text)) }
            }
        }
        if let list = values[4], list != "null" {
            guard let cookies = JSONScanner.elements(of: list) else {
                throw Self.bad("has 'cookies' that are no array")
            }
            for cookie in cookies.compactMap({ JSONScanner.string(of: $0) }) {
                headers.append(("Set-Cookie", cookie))
            }
        }
        guard headers.count <= Self.fieldLimit,
            headers.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= Self.fieldBytes
        else { throw Self.bad("has too many 'headers'") }
        var body: [UInt8] = []
        if let value = values[2], value != "null" {
            let text = JSONScanner.string(of: value) ?? value
            if values[3] == "true" {
                guard let data = Base64.decode(text) else {
                    throw Self.bad("has a 'body' that is not base64")
                }
                body = data
            } else {
                body = Array(text.utf8)
            }
        }
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(("Content-Type", JSONScanner.isValue(body) ? "application/json" : "text/plain"))
        }
        self.init(status, headers, body, json)
    }

    /// What the host says itself of every answer, and of how it is sent.
    private static func isHosts(_ name: String) -> Bool {
        [
            "connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade",
        ].contains(name.lowercased())
    }

    private static func bad(_ fault: String) -> Problem {
        Problem(.badAnswer, "The function's answer \(fault).")
    }

    /// What a socket is told of a status that is no success.
    private var refusal: Problem {
        let detail = String(String(decoding: body, as: UTF8.self).prefix(500))
        let kind =
            Problem.Kind.allCases.first { $0.status == status && $0 != .protocolError }
            ?? (status < 500 ? .conflict : .failed)
        return Problem(kind, detail.isEmpty ? "The function refused." : detail)
    }

    /// The outcome of an invocation that came to this; `kept` was made by ``init(_:to:)``.
    static func outcome(of kept: String, to event: Event) -> Outcome {
        switch event.trigger {
        case .http, .socket: break
        case .queue, .other, .direct: return Outcome(status: 200, json: kept)
        }
        guard let answer = try? GatewayAnswer(kept) else { return Outcome(status: 200, json: kept) }
        var outcome = Outcome(
            status: answer.status,
            json: JSONScanner.isValue(answer.body)
                ? String(decoding: answer.body, as: UTF8.self)
                : JSONScanner.quoted(String(decoding: answer.body, as: UTF8.self)))
        outcome.gateway = answer
        return outcome
    }
}
