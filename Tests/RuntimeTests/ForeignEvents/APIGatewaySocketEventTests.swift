import Base
@testable import ForeignEvents
@testable import Functions
import Runtime
import Testing

@Suite struct APIGatewaySocketEventTests {
    typealias Samples = ForeignSamples

    @Test func connecting_bringsTheQuery_andItsToken() throws {
        let event = try #require(try Samples.read(Samples.connect, receivedAt: nil).first)
        #expect(event.form == .socketEvent)
        #expect(
            event.event.trigger
                == .socket(
                    event: "$connect", connection: "XfGLwdx2tjMCJhw=",
                    host: "abcdef123.execute-api.us-east-1.amazonaws.com"))
        #expect(event.route == event.event.trigger)
        #expect(event.event.id == "XfGLwFTktjMFsLg=")
        #expect(event.event.time == Timestamp(milliseconds: 1_767_225_605_001))
        #expect(event.event.address == "203.0.113.9")
        #expect(event.event.data == Array(#"{"room":"inn","token":"abc.def.ghi"}"#.utf8))
        #expect(Samples.token(event) == "abc.def.ghi")
        let header = Samples.connect.replacing(
            #""Host": "abcdef"#, with: #""Authorization":"Bearer t","Host": "abcdef"#)
        #expect(Samples.token(try Samples.read(header).first) == "t")
        let none = Samples.connect.replacing(#""queryStringParameters""#, with: #""other""#)
        let quiet = try Samples.read(none).first
        #expect(quiet?.event.data == [])
        #expect(Samples.token(quiet) == nil)
    }

    @Test func aMessage_bringsItsBody_andTheAuthorizersClaims() throws {
        let event = try #require(try Samples.read(Samples.message).first)
        #expect(
            event.event.trigger == .socket(event: "player_action", connection: "C=", host: "ws.example.com"))
        #expect(event.event.data == Array(#"{"action":"player_action","text":"hi"}"#.utf8))
        #expect(
            Samples.claims(event)
                == Claims(
                    subject: "player_1", session: "session_1", roles: ["gm", "ops"],
                    expiresAt: Timestamp(milliseconds: 1_767_229_200_500)))
        let other = Samples.message.replacing(
            #""player_action","messageId""#, with: #""$default","messageId""#)
        #expect(
            try Samples.read(other).first?.route
                == .socket(event: "$default", connection: "C=", host: "ws.example.com"))
        let encoded = Samples.message.replacing(
            #""{\"action\":\"player_action\",\"text\":\"hi\"}""#, with: #""AAE=""#
        )
        .replacing("false", with: "true")
        #expect(try Samples.read(encoded).first?.event.data == [0, 1])
        let anonymous = Samples.message.replacing("principalId", with: "clientId")
        #expect(Samples.claims(try Samples.read(anonymous).first) == nil)
    }

    @Test func leaving_succeedsForASessionThatHasEnded() throws {
        let event = try #require(try Samples.read(Samples.disconnect).first)
        #expect(event.event.trigger == .socket(event: "$disconnect", connection: "C=", host: "apigateway"))
        #expect(
            event.event.data == Array(#"{"code":1001,"reason":"Going away","recoverable":false}"#.utf8))
        #expect(Samples.claims(event) == Claims(subject: "player_1"))
    }

    @Test(
        arguments: [
            (
                #""disconnectStatusCode":1006,"disconnectReason":"""#,
                #"{"code":1006,"reason":"transport error","recoverable":false}"#
            ),
            (
                #""disconnectStatusCode":"1000""#,
                #"{"code":1000,"reason":"transport close","recoverable":false}"#
            ),
            (#""disconnectReason":null"#, #"{"reason":"transport close","recoverable":false}"#),
            (#""disconnectReason":"a \"b\"""#, #"{"reason":"a \"b\"","recoverable":false}"#),
        ] as [(String, String)])
    func leaving_saysWhy_inTheHostsOwnShape(_ members: String, _ data: String) throws {
        let text = Samples.disconnect.replacing(
            #""disconnectStatusCode":1001,"disconnectReason":"Going away""#, with: members)
        #expect(try Samples.read(text).first?.event.data == Array(data.utf8))
    }

    @Test(arguments: [
        (
            #""eventType":"MESSAGE""#, #""eventType":"PING""#, "eventType",
            "must be CONNECT, MESSAGE or DISCONNECT"
        ),
        (
            #""eventType":"MESSAGE""#, #""eventType":"CONNECT""#, "eventType",
            "does not fit 'routeKey', which asks for MESSAGE"
        ),
        (
            #""routeKey":"player_action""#, #""routeKey":"$connect""#, "eventType",
            "does not fit 'routeKey', which asks for CONNECT"
        ),
        (#""eventType":"MESSAGE","#, "", "eventType", "is missing"),
        (#""routeKey":"player_action","#, "", "routeKey", "is missing"),
        (#""connectionId":"C=","#, "", "connectionId", "is missing"),
        (#""connectionId":"C=""#, #""connectionId":"""#, "connectionId", "must not be empty"),
        (#""requestId":"m-1","#, "", "requestId", "is missing"),
        (
            "1767225606000", "{}", "requestTimeEpoch",
            "must be whole milliseconds since 1970, up to the year 9999"
        ),
        (#""domainName":"ws.example.com""#, #""domainName":1"#, "domainName", "must be a string"),
        (#""identity":{"sourceIp":"203.0.113.9"}"#, #""identity":"x""#, "identity", "must be an object"),
        (#""principalId":"player_1""#, #""principalId":7"#, "authorizer.principalId", "must be a string"),
    ])
    func whatIsWrong_isNamed(_ old: String, _ new: String, _ member: String, _ reason: String) {
        #expect(Samples.message.contains(old))
        #expect(throws: EventFileError(form: .socketEvent, "requestContext." + member, reason)) {
            try Samples.read(Samples.message.replacing(old, with: new))
        }
    }
}
