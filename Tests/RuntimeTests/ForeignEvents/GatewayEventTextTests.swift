import Base
@testable import ForeignEvents
@testable import Functions
import Observability
import Runtime
import Testing

/// What programs of others are handed is what we would read ourselves.
@Suite struct GatewayEventTextTests {
    private static let time = Timestamp(milliseconds: 1_767_225_600_123)
    private static let claims = Claims(
        subject: "player_1", session: "session_1", roles: ["gm", "ops"],
        expiresAt: Timestamp(milliseconds: 1_767_229_200_000))

    private static let triggers = [
        Event.Source.http(method: "POST", path: "/"), .socket(event: "e", connection: "c", host: "h"),
    ]

    private func back(_ event: Event, caller: Claims? = claims) throws -> ForeignEvent {
        let text = String(decoding: GatewayEventText.json(event, caller: caller), as: UTF8.self)
        return try #require(try ForeignSamples.read(text, receivedAt: nil).first)
    }

    private func event(_ trigger: Event.Source, _ data: String) -> Event {
        Event(
            id: "req_1", time: Self.time, trigger: trigger, credential: .token("secret"),
            address: "203.0.113.7",
            trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            data: Array(data.utf8))
    }

    @Test(arguments: [
        ("POST", #"{"text":"go \"north\"\n行く"}"#), ("PUT", ""), ("DELETE", "[1,2.0]"),
        ("GET", #"{"a":"1","b":"é &=+%/~x"}"#), ("HEAD", #"{"a":""}"#), ("GET", ""),
    ])
    func aRequest_comesBack(_ method: String, _ data: String) throws {
        let event = event(.http(method: method, path: "/api/é \"x\""), data)
        let back = try back(event)
        #expect(back.form == .httpEvent)
        #expect(back.event.id == event.id && back.event.time == event.time)
        #expect(back.event.trigger == event.trigger && back.event.address == event.address)
        #expect(back.event.trace?.traceID == event.trace?.traceID)
        #expect(String(decoding: back.event.data, as: UTF8.self) == data)
        #expect(ForeignSamples.claims(back) == Self.claims)
    }

    @Test(arguments: ["say", "$connect", "$disconnect"])
    func aSocketsEvent_comesBack(_ name: String) throws {
        let event = event(.socket(event: name, connection: "c_1", host: "h"), #"{"token":"x","n":[1]}"#)
        let back = try back(event)
        #expect(back.form == .socketEvent)
        #expect(back.event.id == event.id && back.event.time == event.time)
        #expect(back.event.trigger == event.trigger && back.event.address == event.address)
        if name == "say" { #expect(back.event.data == event.data) }
        // A goodbye is the connection's, and asks for no session.
        let isGoodbye = name == "$disconnect"
        let goodbye = Claims(subject: Self.claims.subject, roles: Self.claims.roles)
        #expect(ForeignSamples.claims(back) == (isGoodbye ? goodbye : Self.claims))
    }

    @Test func whoeverIsNobody_isNobody() throws {
        for trigger in Self.triggers {
            let back = try back(event(trigger, "1"), caller: nil)
            #expect(ForeignSamples.claims(back) == nil && ForeignSamples.token(back) == nil)
        }
    }

    @Test func noToken_isHandedOn() {
        for trigger in Self.triggers {
            let bytes = GatewayEventText.json(event(trigger, "1"), caller: Self.claims)
            #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
        }
    }

    @Test func bytesThatAreNoText_areBase64() throws {
        var event = event(.http(method: "POST", path: "/"), "")
        event.data = [0xFF, 0, 0x80]
        #expect(try back(event).event.data == event.data)
    }

    @Test func whateverElse_isItsDataAlone() {
        let triggers = [
            Event.Source.queue(name: "q", group: "g"), .other(kind: "schedule", name: "s"), .direct,
        ]
        for trigger in triggers {
            #expect(GatewayEventText.json(event(trigger, "[1]"), caller: nil) == Array("[1]".utf8))
            #expect(GatewayEventText.json(event(trigger, ""), caller: nil) == Array("null".utf8))
        }
    }
}
