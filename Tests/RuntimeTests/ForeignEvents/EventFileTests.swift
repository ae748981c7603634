import Base
@testable import ForeignEvents
@testable import Functions
import Runtime
import Testing

@Suite struct EventFileTests {
    typealias Samples = ForeignSamples

    /// An object on one line.
    private func oneLine(_ json: String) -> String {
        json.split(separator: "\n").map { String($0.drop { $0 == " " }) }.joined()
    }

    @Test func aCloudEvent_isReadAsBefore() throws {
        let events = try Samples.read(Samples.cloudEvent + "\r\n")
        #expect(events.count == 1)
        let event = try #require(events.first)
        #expect(event.form == .cloudEvent)
        #expect(event.event.id == "e-1")
        #expect(event.event.data == Array(#"{"n":1.0}"#.utf8))
        #expect(event.route == .direct)
        #expect(event.line == nil && event.index == nil)
        // However it is laid out, and behind a byte order mark.
        let layout = "\u{FEFF}\n  " + Samples.cloudEvent.replacing(",", with: "\n,\n")
        #expect(try Samples.read(layout).first?.event.id == "e-1")
    }

    @Test func aBatch_isReadInOrder() throws {
        let events = try Samples.read(Samples.batch)
        #expect(events.map(\.event.id) == ["e-1", "e-2"])
        #expect(events.map(\.index) == [1, 2])
        #expect(events.map(\.line) == [nil, nil])
        #expect(events.last?.event.trigger == .http(method: "POST", path: "/api/session"))
        #expect(events.last?.event.data == Array("hé".utf8))
        #expect(Samples.claims(events.last) == Claims(subject: "player_2"))
        // An empty batch is one (JSON format, section 4.3).
        #expect(try Samples.read(" [ ]\n").isEmpty)
    }

    @Test(arguments: ["\n", "\r\n", "\n\n", "\n \n"])
    func severalForms_standOneALine(_ end: String) throws {
        let texts = [
            Samples.cloudEvent, Samples.http, Samples.connect, Samples.message, Samples.batch,
            Samples.disconnect,
        ].map(oneLine)
        for file in [texts.joined(separator: end), texts.joined(separator: end) + end] {
            let events = try Samples.read(file)
            #expect(
                events.map(\.form) == [
                    .cloudEvent, .httpEvent, .socketEvent, .socketEvent, .cloudEvent, .cloudEvent,
                    .socketEvent,
                ])
            let step = end.contains("\n ") || end == "\n\n" ? 2 : 1
            #expect(events.map(\.line) == [0, 1, 2, 3, 4, 4, 5].map { $0 * step + 1 })
            #expect(events.map(\.index) == [nil, nil, nil, nil, 1, 2, nil])
        }
    }

    @Test(
        arguments: [
            ("", "The text has no event."),
            (" \r\n\t", "The text has no event."),
            ("\u{FEFF}", "The text has no event."),
            ("{", "The text is not a JSON object, or nested too deeply."),
            ("[", "The text is not a well-formed JSON array, or nested too deeply."),
            ("[1]", "Event 1 of the batch: the text is not a JSON object, or nested too deeply."),
            ("[[]]", "Event 1 of the batch: the text is not a JSON object, or nested too deeply."),
            (
                "{}",
                "The text is of no form that is read: it has neither 'specversion', as a CloudEvent, nor 'requestContext', as an API Gateway event."
            ),
            ("hello", "The text is of no form that is read: it starts as neither JSON nor an HTTP request."),
            ("\"x\"", "The text is of no form that is read: it starts as neither JSON nor an HTTP request."),
            (#"{"specversion":"1.0"}"#, "The CloudEvent's member 'source' is missing."),
            (
                #"{"specversion":"1.0","specversion":"1.0"}"#,
                "The text's member 'specversion' stands there twice."
            ),
            (
                #"{"specversion":"1.0","requestContext":{"http":{}}}"#,
                "The text has the marks of several forms: 'specversion' of a CloudEvent and 'requestContext.http' of an API Gateway HTTP event."
            ),
            (
                #"{"version":"2.0","requestContext":{"http":{},"eventType":"MESSAGE"}}"#,
                "The text has the marks of several forms: 'requestContext.http' of an API Gateway HTTP event and 'requestContext.eventType' of an API Gateway WebSocket event."
            ),
            (#"{"requestContext":[]}"#, "The text's member 'requestContext' must be an object."),
            (
                #"{"requestContext":{"apiId":"a"}}"#,
                "The text's member 'requestContext' has neither 'http', as an HTTP event, nor 'connectionId', as a WebSocket event."
            ),
            (
                #"{"httpMethod":"GET","path":"/","requestContext":{"elb":{"targetGroupArn":"a"}}}"#,
                "The text is an event of an Application Load Balancer; of HTTP events, API Gateway's are read."
            ),
            (
                #"{"version":"2.0","path":"/","method":"GET","requestContext":{"serviceNetworkArn":"a"}}"#,
                "The text is an event of VPC Lattice; of HTTP events, API Gateway's are read."
            ),
            (
                #"{"version":"1.0","requestContext":{}}"#,
                "The text is an API Gateway event of payload format 1.0; of HTTP events, 2.0 is read."
            ),
            (
                #"{"httpMethod":"GET","requestContext":{}}"#,
                "The text is an API Gateway event of payload format 1.0; of HTTP events, 2.0 is read."
            ),
            (
                #"{"version":"2.0","requestContext":{}}"#,
                "The API Gateway HTTP event's member 'requestContext.http' is missing."
            ),
            (
                Samples.cloudEvent + "\n\n" + Samples.cloudEvent.dropLast(),
                "Line 3: the text is not a JSON object, or nested too deeply."
            ),
            (
                Samples.cloudEvent.dropFirst(2) + "\n" + Samples.cloudEvent,
                "The text is of no form that is read: it starts as neither JSON nor an HTTP request."
            ),
            (
                Samples.cloudEvent.dropLast(9) + "\n" + Samples.cloudEvent,
                "Line 1: the text is not a JSON object, or nested too deeply."
            ),
            (
                Samples.cloudEvent + "\n" + #"{"specversion":"0.3"}"#,
                #"Line 2: the CloudEvent's member 'specversion' must be "1.0"."#
            ),
            (
                Samples.cloudEvent + "\n[" + Samples.cloudEvent + ",{}]",
                "Line 2, event 2 of the batch: the text is of no form that is read: it has neither 'specversion', as a CloudEvent, nor 'requestContext', as an API Gateway event."
            ),
            (
                Samples.cloudEvent + "\nPOST / HTTP/1.1",
                "Line 2: the text is not a JSON object, or nested too deeply."
            ),
        ] as [(String, String)])
    func whatIsWrong_isNamed(_ text: String, _ complaint: String) {
        #expect(Samples.complaint(text) == complaint)
    }

    @Test func namesFromTheText_cannotForgeALineOfTheMessage() {
        let text = #"{"a\nb\u001b":1,"a\nb\u001b":1}"#
        #expect(Samples.complaint(text) == #"The text's member 'a\nb\u{1B}' stands there twice."#)
    }

    @Test func bytesThatAreNoText_areRefused() {
        for text in [[0x7B, 0xFF, 0x7D], [0x5B, 0xFF, 0x5D], [0xFF]] as [[UInt8]] {
            #expect(throws: EventFileError.self) { try EventFile.events(in: text) }
        }
    }

    @Test func everythingHasALimit() throws {
        let event = Samples.cloudEvent
        func complaint(_ text: String, _ limits: EventFileLimits) -> String {
            do throws(EventFileError) {
                return "\(try EventFile.events(in: Array(text.utf8), limits: limits).count)"
            } catch { return error.description }
        }
        let size = event.utf8.count
        #expect(complaint(event, EventFileLimits(fileBytes: size)) == "1")
        #expect(
            complaint(event, EventFileLimits(fileBytes: size - 1))
                == "The text is longer than \(size - 1) bytes.")
        #expect(complaint(event, EventFileLimits(eventBytes: size)) == "1")
        #expect(
            complaint(event, EventFileLimits(eventBytes: size - 1))
                == "The text is longer than \(size - 1) bytes.")
        #expect(
            complaint("[1,\(event)]", EventFileLimits(eventBytes: 3))
                == "Event 1 of the batch: the text is not a JSON object, or nested too deeply.")
        let three = EventFileLimits(events: 3)
        #expect(complaint("[\(event),\(event),\(event)]", three) == "3")
        #expect(complaint("[0,0,0,0]", three) == "The text has more than 3 events.")
        #expect(complaint("\(event)\n[\(event),\(event)]\n", three) == "3")
        #expect(
            complaint("\(event)\n[\(event),\(event)]\n\(event)", three)
                == "Line 3: the text has more than 3 events.")
        let request = Samples.binary.replacing("19", with: "18")
        #expect(complaint(Samples.binary, EventFileLimits(eventBytes: 19)) == "1")
        #expect(
            complaint(Samples.binary, EventFileLimits(eventBytes: 18))
                == "The binary CloudEvent is longer than 18 bytes.")
        #expect(complaint(request, .standard).contains("goes on behind its body"))
    }

    @Test func asManyEventsAsTheLimit_areRead_andOneMoreIsNot() throws {
        let line = #"{"specversion":"1.0","id":"1","source":"s","type":"t"}"# + "\n"
        let file = Array(String(repeating: line, count: 1_000).utf8)
        let limits = EventFileLimits(events: 1_000)
        #expect(try EventFile.events(in: file, receivedAt: Samples.received, limits: limits).count == 1_000)
        #expect(throws: EventFileError(line: 1_001, nil, "has more than 1000 events")) {
            try EventFile.events(in: file + Array(line.utf8), receivedAt: Samples.received, limits: limits)
        }
        #expect(EventFileLimits.standard.events == 100_000)
    }
}
