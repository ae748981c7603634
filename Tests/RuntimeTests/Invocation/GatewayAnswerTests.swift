import Base
import Engine
import Functions
import Runtime
import Testing

@Suite struct GatewayAnswerTests {
    private static func event(_ trigger: Event.Source) -> Event {
        Event(id: "req_1", time: Timestamp(milliseconds: 1_000), trigger: trigger)
    }
    private static let http = event(.http(method: "GET", path: "/a"))
    private static let socket = event(.socket(event: "say", connection: "c", host: "h"))

    private func answer(_ text: String) throws -> GatewayAnswer { try GatewayAnswer(text, to: Self.http) }

    @Test func statusFieldsAndBody_areTheAnswer() throws {
        let answer = try answer(
            #"{"statusCode":201,"headers":{"Content-Type":"text/csv","X-Count":3,"X-Yes":true},"#
                + #""body":"a,b\n","isBase64Encoded":false,"cookies":["a=b","c=d"],"other":[1]}"#)
        #expect(answer.status == 201)
        #expect(
            answer.headers.map { "\($0.name): \($0.value)" }
                == [
                    "Content-Type: text/csv", "X-Count: 3", "X-Yes: true", "Set-Cookie: a=b",
                    "Set-Cookie: c=d",
                ])
        #expect(answer.body == Array("a,b\n".utf8))
    }

    @Test(arguments: [
        "connection", "Content-Length", "DATE", "Transfer-Encoding", "Upgrade", "Keep-Alive", "Trailer",
    ])
    func whatIsTheHostsToSay_isLeftOut(_ name: String) throws {
        let answer = try answer(#"{"statusCode":200,"headers":{"\#(name)":"1"}}"#)
        #expect(answer.headers.map(\.name) == ["Content-Type"])
    }

    @Test func base64_isDecoded() throws {
        let answer = try answer(#"{"statusCode":200,"body":"AP+A","isBase64Encoded":true}"#)
        #expect(answer.body == [0, 0xFF, 0x80])
        #expect(answer.headers.first?.value == "text/plain")
    }

    @Test(arguments: [
        (#"{"statusCode":204}"#, 204, ""), (#"{"statusCode":"404","body":null}"#, 404, ""),
        (#"{"statusCode":200,"headers":null,"cookies":null,"body":"x"}"#, 200, "x"),
        (#"{"statusCode":200,"body":{"a":1}}"#, 200, #"{"a":1}"#),
        (#"{"text":"a"}"#, 200, #"{"text":"a"}"#), ("[1,2]", 200, "[1,2]"), ("null", 200, "null"),
        ("", 200, "null"),
        (#""é""#, 200, #""é""#), ("3", 200, "3"),
    ])
    func whatElseIsJSON_isABody(_ text: String, _ status: Int, _ body: String) throws {
        let answer = try answer(text)
        #expect(answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == body)
    }

    @Test(arguments: [
        "nonsense", "{", "NaN", #"{"statusCode":NaN}"#, #"{"a":1}{"b":2}"#, #"{"statusCode":199}"#,
        #"{"statusCode":600}"#, #"{"statusCode":-1}"#, #"{"statusCode":2e2}"#, #"{"statusCode":null}"#,
        #"{"statusCode":99999999999999999999}"#, #"{"statusCode":[]}"#, #"{"statusCode":200,"headers":[]}"#,
        #"{"statusCode":200,"headers":"a"}"#, #"{"statusCode":200,"cookies":{}}"#,
        #"{"statusCode":200,"body":"%%%","isBase64Encoded":true}"#,
    ])
    func whatIsNoAnswer_isABadGateway(_ text: String) {
        let problem = #expect(throws: Problem.self) { try answer(text) }
        #expect(problem?.kind == .badAnswer && problem?.status == 502)
    }

    @Test func tooManyFields_orTooLongOnes_areRefused() {
        let many = (0...100).map { #""X-\#($0)":"1""# }.joined(separator: ",")
        let long = String(repeating: "x", count: 33 * 1_024)
        for headers in ["{\(many)}", #"{"X-Long":"\#(long)"}"#] {
            let problem = #expect(throws: Problem.self) {
                try answer(#"{"statusCode":200,"headers":\#(headers)}"#)
            }
            #expect(problem?.kind == .badAnswer)
        }
    }

    @Test(arguments: [
        (403, Problem.Kind.forbidden), (401, .unauthenticated), (429, .rateExceeded), (409, .conflict),
        (418, .conflict), (500, .failed), (503, .busy), (599, .failed), (400, .malformed),
    ])
    func aSocketsRefusal_isAProblem(_ status: Int, _ kind: Problem.Kind) {
        let problem = #expect(throws: Problem.self) {
            try GatewayAnswer(#"{"statusCode":\#(status),"body":"Not you."}"#, to: Self.socket)
        }
        #expect(problem?.kind == kind)
        #expect(problem?.detail == "Not you.")
        #expect(throws: Never.self) { try GatewayAnswer(#"{"statusCode":204}"#, to: Self.socket) }
    }

    @Test func jobsAndTimes_takeAnyJSON_asItIs() throws {
        let triggers = [
            Event.Source.queue(name: "q", group: "g"), .other(kind: "schedule", name: "s"), .direct,
        ]
        for trigger in triggers {
            for text in [#"{"statusCode":500}"#, "null", "", "[1]"] {
                #expect(throws: Never.self) { try GatewayAnswer(text, to: Self.event(trigger)) }
            }
            #expect(throws: Problem.self) { try GatewayAnswer("NaN", to: Self.event(trigger)) }
        }
    }
}
