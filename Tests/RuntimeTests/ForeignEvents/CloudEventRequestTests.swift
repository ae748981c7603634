import Base
@testable import ForeignEvents
@testable import Functions
import Runtime
import Testing

@Suite struct CloudEventRequestTests {
    typealias Samples = ForeignSamples

    private func request(_ fields: String..., body: String = "") -> String {
        (["POST /events HTTP/1.1", "Host: h"] + fields + ["", body]).joined(separator: "\n")
    }

    @Test(arguments: ["\n", "\r\n"])
    func binaryMode_isRead_withEitherLineEnd(_ end: String) throws {
        let text = Samples.binary.split(separator: "\n", omittingEmptySubsequences: false).joined(
            separator: end)
        for text in [text, "\n" + text + end + end] {
            let event = try #require(try Samples.read(text, receivedAt: nil).first)
            #expect(event.form == .binaryCloudEvent)
            #expect(event.event.id == "Euro € 😀")
            #expect(event.event.time == Timestamp(milliseconds: 1_767_225_603_000))
            #expect(event.event.data == Array(#"{"text":"go north"}"#.utf8))
            #expect(event.event.trigger == .direct)
            #expect(event.route == .http(method: "POST", path: "/api/player/action"))
            #expect(event.event.trace?.spanID == "b7ad6b7169203331")
            #expect(Samples.token(event) == "abc.def.ghi")
        }
    }

    @Test func ourOwnEvents_comeBackFromBinaryMode() throws {
        let text = request(
            "ce-specversion: 1.0", "ce-id: 1", "ce-source: /socket", "ce-type: app.gestaloka.socket",
            "ce-socketevent: player_action", "ce-connectionid: c", "ce-hostid: h", "ce-authid: player_1",
            "ce-peer: 203.0.113.9", "Authorization: Bearer t", "Content-Type: text/plain", body: "hé\n")
        let event = try #require(try Samples.read(text).first)
        #expect(event.event.trigger == .socket(event: "player_action", connection: "c", host: "h"))
        #expect(event.route == event.event.trigger)
        #expect(Samples.claims(event) == Claims(subject: "player_1"))
        #expect(event.event.address == "203.0.113.9")
        #expect(event.event.time == Samples.received)
        #expect(event.event.data == Array("hé".utf8))
    }

    @Test func structuredMode_isRead_andTheRequestCompletesIt() throws {
        let text = request(
            "content-type: Application/CloudEvents+JSON; charset=UTF-8", "authorization: Bearer t",
            body: Samples.cloudEvent + "\n")
        let event = try #require(try Samples.read(text).first)
        #expect(event.form == .cloudEvent)
        #expect(event.event.id == "e-1")
        #expect(event.index == nil)
        #expect(event.route == .http(method: "POST", path: "/events"))
        #expect(Samples.token(event) == "t")
    }

    @Test(arguments: ["; charset=utf-8", "\t; charset=utf-8", " \t ;charset=utf-8", "\t"])
    func blanksInFrontOfAParameter_areNoPartOfTheMediaType(_ rest: String) throws {
        let structured = request(
            "Content-Type: application/cloudevents+json" + rest, body: Samples.cloudEvent)
        #expect(try Samples.read(structured).first?.form == .cloudEvent)
        let batch = request("Content-Type: application/cloudevents-batch+json" + rest, body: "[]")
        #expect(try Samples.read(batch).isEmpty)
    }

    @Test func aFieldThatIsNotEncoded_isWhatItIs() throws {
        // As the Python SDK writes them up to 1.12.
        let text = request(
            "ce-specversion: 1.0", "ce-id: 100%", "ce-source: s", "ce-type: t",
            "ce-subject: 100% \"sure\" é", "ce-time: 2016-12-31T23:59:60.25Z", body: "{}")
        let event = try #require(try Samples.read(text).first)
        #expect(event.event.id == "100%")
        // A leap second counts as the one after it.
        #expect(event.event.time == Timestamp(rfc3339: "2017-01-01T00:00:00.250Z"))
    }

    @Test func batchedMode_isRead() throws {
        let text = request("Content-Type: application/cloudevents-batch+json", body: Samples.batch)
        let events = try Samples.read(text)
        #expect(events.map(\.event.id) == ["e-1", "e-2"])
        #expect(events.map(\.index) == [1, 2])
        #expect(
            events.map(\.route) == [
                .http(method: "POST", path: "/events"), .http(method: "POST", path: "/api/session"),
            ])
        #expect(
            try Samples.read(request("Content-Type: application/cloudevents-batch+json", body: "[]")).isEmpty)
    }

    @Test func whatLogsDoToAHead_isUndone() throws {
        let event = "ce-specversion: 1.0\nce-id: 1\nce-source: s\nce-type: t\n"
        for version in ["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3"] {
            let text = "PUT /x \(version)\n\(event)\n[1]\r\n"
            #expect(try Samples.read(text).first?.event.data == Array("[1]".utf8))
        }
        #expect(try Samples.read("GET / HTTP/1.1\n\(event)").first?.event.data == [])
        let chunked =
            "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            + event.replacing("\n", with: "\r\n") + "\r\n3\r\n[1]\r\n0\r\n\r\n"
        #expect(try Samples.read(chunked).first?.event.data == Array("[1]".utf8))
    }

    private static let fields = ["ce-specversion: 1.0", "ce-id: 1", "ce-source: s", "ce-type: t"]

    @Test(arguments: [
        ("ce-id: 2", "The binary CloudEvent's member 'ce-id' stands there twice."),
        ("CE-ID: 2", "The binary CloudEvent's member 'ce-id' stands there twice."),
        (
            "ce-time: now",
            "The binary CloudEvent's member 'ce-time' must be an RFC 3339 time such as 2026-01-31T12:00:00Z."
        ),
        ("ce-data: x", "The binary CloudEvent's member 'ce-data' is no attribute of a CloudEvent."),
        (
            "ce-data_base64: AA==",
            "The binary CloudEvent's member 'ce-data_base64' is no attribute of a CloudEvent."
        ),
        ("ce-: x", "The binary CloudEvent's member 'ce-' is no attribute of a CloudEvent."),
        (
            "ce-datacontenttype: text/plain",
            "The binary CloudEvent's member 'ce-datacontenttype' must not stand there: Content-Type says it."
        ),
        (
            "Content-Type: application/cloudevents+avro",
            "The text's member 'Content-Type' must be application/cloudevents+json or application/cloudevents-batch+json; no other event format is read."
        ),
        (
            "Content-Type: application/cloudevents+json",
            "The CloudEvent is not a JSON object, or nested too deeply."
        ),
        (
            "Content-Type: application/cloudevents-batch+json",
            "The text is not a well-formed JSON array, or nested too deeply."
        ),
        (
            "Content-Length: 9",
            "The text is an HTTP request that ends before its body does."
        ),
        (
            "Content-Length: nnnn",
            "The text is no HTTP request that can be read: The Content-Length is not a number."
        ),
        (
            "Content-Length: 0\n\nPOST / HTTP/1.1",
            "The text is an HTTP request that goes on behind its body: its length is wrong, or a second one follows."
        ),
        (
            "no field",
            "The text is no HTTP request that can be read: A header line does not start with a field name and a colon."
        ),
    ])
    func whatIsWrong_isNamed(_ field: String, _ complaint: String) {
        let text = (["POST /events HTTP/1.1", "Host: h"] + Self.fields + [field, "", ""]).joined(
            separator: "\n")
        #expect(Samples.complaint(text) == complaint)
    }

    @Test func aRequestWithoutAnEvent_isNamed() {
        #expect(
            Samples.complaint(request("Content-Type: application/json", body: "{}")).hasPrefix(
                "The text is an HTTP request without a CloudEvent: it has neither"))
        #expect(
            Samples.complaint(request(Self.fields[0]))
                == "The binary CloudEvent's member 'ce-source' is missing.")
        #expect(
            Samples.complaint("HTTP/1.1 200 OK\nce-specversion: 1.0\n\n")
                == "The text is an HTTP response; CloudEvents are read from requests.")
        #expect(
            Samples.complaint("GET / HTTP/1.1\nx: " + String(repeating: "a", count: 70_000))
                == "The text is an HTTP request whose head has more than 65536 bytes.")
        let second = request(
            "Content-Type: application/cloudevents-batch+json", body: "[\(Samples.cloudEvent),{}]")
        #expect(
            Samples.complaint(second)
                == "Event 2 of the batch: the CloudEvent's member 'specversion' is missing.")
    }

    @Test(
        arguments: [
            ("plain", "plain"), ("a%20b", "a b"), (#""a b""#, "a b"), (#""a\"b\\%41""#, #"a"b\A"#),
            ("%E2%82%ac", "€"), ("€", "€"), ("", ""), ("%2541", "%41"),
            // What is no encoding stands for itself.
            ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("100% %41", "100% A"), ("%FF", "%FF"),
            ("%C0%A0", "%C0%A0"), (#""a"#, #""a"#), (#""\"#, #""\"#), (#"5" disk"#, #"5" disk"#),
        ] as [(String, String)])
    func fieldValues_areDecodedOnce(_ value: String, _ text: String) {
        #expect(CloudEventFieldValue.decoded(value) == text)
    }
}
