import Base
import Ledger
@testable import Functions
@testable import Observability
import Runtime
import Testing

@Suite struct EventCloudEventsTests {
    private static let time = Timestamp(milliseconds: 1_767_225_600_123)

    private func roundTrip(_ event: Event) throws -> Event {
        try Event(cloudEvent: Array(try event.cloudEvent().utf8))
    }

    @Test(arguments: [
        Event.Source.http(method: "POST", path: "/api/player/action"),
        .socket(event: "$connect", connection: "c_1", host: "h_1"), .queue(name: "story", group: "player_1"),
        .direct,
    ])
    func everyTrigger_comesBack(_ trigger: Event.Source) throws {
        let claims = Claims(
            subject: "player_1", session: "session_1", roles: ["ops", "a\"b"],
            expiresAt: Timestamp(milliseconds: 1_767_229_200_001))
        let event = Event(
            id: "req \"1\"\n", time: Self.time, trigger: trigger, credential: .verified(claims),
            address: "2001:db8::1",
            trace: TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03"),
            data: Array(#"{"text": "行く",  "n":1.0, "n":1e2}"#.utf8))
        let back = try roundTrip(event)
        #expect(back.id == event.id)
        #expect(back.time == event.time)
        #expect(back.trigger == trigger)
        #expect(back.address == event.address)
        #expect(back.trace == event.trace)
        #expect(back.data == event.data)
        guard case .verified(let read) = back.credential else {
            Issue.record("no claims")
            return
        }
        #expect(read == claims)
        #expect(try back.cloudEvent() == event.cloudEvent())
    }

    @Test(arguments: DataForm.allCases)
    func everyForm_comesBack(_ form: DataForm) throws {
        for data in ["[1,2]", "[]", "bare \"text\"\n", ""] {
            let event = Event(
                id: "1", time: Self.time, trigger: .socket(event: "e", connection: "c", host: "h"),
                data: Array(data.utf8), form: form)
            let back = try roundTrip(event)
            #expect(back.form == form && back.data == event.data, "\(data)")
        }
        let strange = try Event(id: "1", time: Self.time, trigger: .direct, form: .text).cloudEvent()
            .replacing(#""dataform":"text""#, with: #""dataform":"tale""#)
        #expect(throws: CloudEventError.self) { try Event(cloudEvent: Array(strange.utf8)) }
    }

    @Test func largestBody_isAnEvent() throws {
        let bytes = Binary([UInt8](repeating: 7, count: 16 << 20))
        let event = Event(
            id: "1", time: Self.time, trigger: .direct, data: Array(try JSON.encode(bytes).utf8))
        #expect(try roundTrip(event).data == event.data)
    }

    @Test func theText_isAsDocumented() throws {
        let event = Event(
            id: "req_1", time: Self.time, trigger: .http(method: "POST", path: "/x"),
            credential: .verified(Claims(subject: "player_1")), data: Array("[1]".utf8))
        #expect(
            try event.cloudEvent() == """
                {"specversion":"1.0","id":"req_1","source":"/http","type":"app.gestaloka.http",\
                "time":"2026-01-01T00:00:00.123Z","httpmethod":"POST","httppath":"/x","authtype":"app_user",\
                "authid":"player_1","authclaims":"{\\"sub\\":\\"player_1\\"}",\
                "datacontenttype":"application/json","data":[1]}
                """)
    }

    @Test(arguments: [
        "", "null", "0", "\"x\"", "[]", "{}", " {}", "{}\n", "{", "1 2", "\u{0}", "[1],[2]", "1,2", "]", "[1",
        String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
        String(repeating: "[", count: 126) + String(repeating: "]", count: 126),
        #"{"a":"\ud800"}"#, #"{"\udc00":1}"#, #""\ud83d\ude00""#, #"["\\ud800"]"#, #"{"a":1,"a":2}"#,
    ])
    func anyData_comesBackExactly(_ text: String) throws {
        let event = Event(id: "1", time: Self.time, trigger: .direct, data: Array(text.utf8))
        #expect(try roundTrip(event).data == event.data)
    }

    @Test func bytesThatAreNoText_comeBackExactly() throws {
        let event = Event(id: "1", time: Self.time, trigger: .direct, data: [0xff, 0, 0x80])
        #expect(try roundTrip(event).data == event.data)
    }

    @Test func aToken_isNeverWritten() throws {
        let event = Event(id: "1", time: Self.time, trigger: .direct, credential: .token("SECRET"))
        let text = try event.cloudEvent()
        #expect(!text.contains("SECRET"))
        #expect(!text.contains("auth"))
        guard case .none = try roundTrip(event).credential else {
            Issue.record("a credential from nowhere")
            return
        }
    }

    private static let head = #""specversion":"1.0","id":"1","source":"s","time":"2026-01-01T09:00:00+09:00""#

    private static let ours = head + #","type":"app.gestaloka.direct""#

    @Test(
        arguments: [
            (#""authtype":"app_user","authid":"player_1""#, "player_1"),
            (#""authtype":"service_account","authid":"player_1""#, nil),
            (#""authtype":"app_user","authid":"\#(String(repeating: "x", count: 129))""#, nil),
            (#""authtype":"app_user","authid":"""#, nil), (#""authtype":"app_user""#, nil),
            (#""authtype":7,"authid":"player_1""#, nil), (#""authid":"player_1""#, nil),
            (#""authtype":"app_user","authid":{}"#, nil), (#""authclaims":"junk""#, nil),
            (#""peer":7,"traceparent":{},"idempotencykey":[],"dataform":"junk","socketevent":1"#, nil),
            (#""peer":"printer-7","idempotencykey":"no key at all, really""#, nil),
        ] as [(String, String?)])
    func extensionsOfOthers_neitherRefuseNorSteer(_ members: String, _ player: String?) throws {
        let text = "{\(Self.head),\"type\":\"com.example.made\",\(members)}"
        let event = try Event(cloudEvent: Array(text.utf8))
        if case .verified(let claims) = event.credential {
            #expect(claims == Claims(subject: player ?? "nobody"))
        } else {
            #expect(player == nil)
        }
        #expect(event.address == nil && event.trace == nil && event.idempotencyKey == nil)
        #expect(event.form == .value && event.trigger == .direct)
        // Of ours, a principal that is no player is nobody.
        let own = "{\(Self.ours),\"authtype\":\"system\",\"authid\":\"player_1\"}"
        guard case .none = try Event(cloudEvent: Array(own.utf8)).credential else {
            Issue.record("a player from nowhere")
            return
        }
    }

    @Test func aForeignEvent_isDirect() throws {
        let event = try Event(
            cloudEvent: Array(
                (#"{"type":"com.example.made","comexampleextension":7,"subject":null,"traceparent":"junk","#
                    + Self.head + #","datacontenttype":"text/plain; charset=utf-8","data":"h\u00e9"}"#).utf8))
        #expect(event.trigger == .direct)
        #expect(event.time == Timestamp(milliseconds: 1_767_225_600_000))
        #expect(event.trace == nil)
        #expect(event.data == Array("hé".utf8))
    }

    @Test func authid_alone_isEnough() throws {
        let text = #"{"type":"app.gestaloka.direct","authid":"player_1","#
        let event = try Event(cloudEvent: Array((text + Self.head + "}").utf8))
        guard case .verified(let claims) = event.credential else {
            Issue.record("no claims")
            return
        }
        #expect(claims == Claims(subject: "player_1"))
        let absurd = #"{"type":"app.gestaloka.direct","authclaims":"{\"sub\":\"p\",\"exp\":1e300}","#
        _ = try Event(cloudEvent: Array((absurd + Self.head + "}").utf8))
    }

    @Test func aMissingTime_isTheReceivers() throws {
        let json = Array(#"{"specversion":"1.0","id":"1","source":"s","type":"x"}"#.utf8)
        #expect(try Event(cloudEvent: json, receivedAt: Self.time).time == Self.time)
        #expect(throws: CloudEventError("time", "is missing")) { try Event(cloudEvent: json) }
    }

    @Test(arguments: [
        ("", nil, "is not a JSON object, or nested too deeply"),
        ("[]", nil, "is not a JSON object, or nested too deeply"),
        ("{}", "specversion", "is missing"),
        (#"{"specversion":1}"#, "specversion", "must be a string"),
        (#"{"specversion":"0.3"}"#, "specversion", "must be \"1.0\""),
        (#"{"specversion":"1.0"}"#, "source", "is missing"),
        (#"{"specversion":"1.0","source":""}"#, "source", "must not be empty"),
        (
            #"{"specversion":"1.0","source":"s","time":"yesterday"}"#, "time",
            "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"
        ),
        (#"{"a":1,"a":2}"#, "a", "stands there twice"),
        ("{\(head),\"id\":\"2\"}", "id", "stands there twice"),
        ("{\(head)}", "type", "is missing"),
        (#"{\#(head),"type":"app.gestaloka.http","httpmethod":"GET"}"#, "httppath", "is missing"),
        (#"{\#(head),"type":"app.gestaloka.queue"}"#, "queue", "is missing"),
        (#"{\#(head),"type":"app.gestaloka.socket","socketevent":7}"#, "socketevent", "must be a string"),
        (#"{\#(ours),"authid":""}"#, "authid", "must have 1 to 128 bytes"),
        (#"{\#(ours),"authclaims":"{}"}"#, "authid", "is missing"),
        (
            #"{\#(ours),"authid":"a","authclaims":"{\"sub\":\"b\"}"}"#, "authclaims",
            "names another subject than 'authid'"
        ),
        (#"{\#(head),"type":"x","a":null,"a":1}"#, "a", "stands there twice"),
        (
            #"{\#(head),"type":"x","data":1,"data_base64":"AA=="}"#, "data_base64",
            "must not stand beside 'data'"
        ),
        (#"{\#(head),"type":"x","data_base64":"***"}"#, "data_base64", "must be base64"),
        (#"{\#(ours),"peer":{}}"#, "peer", "must be a string"),
    ])
    func whatIsWrong_isNamed(_ text: String, _ member: String?, _ reason: String) {
        #expect(throws: CloudEventError(member, reason)) { try Event(cloudEvent: Array(text.utf8)) }
    }

    @Test func aLongText_isRefused_bothWays() {
        let long = [UInt8](repeating: 0x20, count: Event.maximumCloudEventLength + 1)
        #expect(throws: CloudEventError.self) { try Event(cloudEvent: long) }
        let event = Event(id: "1", time: Self.time, trigger: .direct, data: long.dropLast(2))
        #expect(throws: CloudEventError.self) { try event.cloudEvent() }
        #expect(CloudEventError("id", "is missing").description == "The CloudEvent's member 'id' is missing.")
    }

    @Test func damagedTexts_neverTrap() throws {
        let seed: UInt64 = 0x6765_7374_616c_6f6b
        var random = SeededRandom(seed: seed)
        let good = Array(
            try Event(
                id: "req_1", time: Self.time, trigger: .socket(event: "e", connection: "c", host: "h"),
                credential: .verified(Claims(subject: "p", expiresAt: Self.time)), data: Array("[1,{}]".utf8)
            ).cloudEvent().utf8)
        for round in 0..<3_000 {
            var bytes = good
            for _ in 0...Int(random.next() % 4) {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                default: bytes.insert(contentsOf: bytes.suffix(bytes.count - index).prefix(7), at: index)
                }
            }
            if let event = try? Event(cloudEvent: bytes) {
                let back = try? roundTrip(event)
                #expect(back?.data == event.data, "seed \(seed), round \(round)")
                #expect(back?.id == event.id, "seed \(seed), round \(round)")
            }
        }
    }
}
