import SQLite
import Base
import FoundationEssentials
import Ledger
@testable import Engine
@testable import Functions
@testable import Identity
@testable import Recording
import Runtime
import Testing
import TestSupport

@Suite struct RecordLineTests {
    private func line() -> RecordLine {
        RecordLine(redaction: Redaction(fields: ["email"])) { "hidden-\($0.utf8.count)" }
    }

    private func record(
        _ data: String = #"{"a":1}"#, trigger: Event.Source = .direct,
        _ change: (inout InvocationRecord) -> Void = { _ in }
    ) -> InvocationRecord {
        let event = Event(
            id: "req_1", time: TestRuntime.start, trigger: trigger, address: "192.0.2.7",
            data: Array(data.utf8))
        var record = InvocationRecord(
            function: "probe", event: event, outcome: Outcome(status: 202, json: #"{"x":"y"}"#),
            duration: .milliseconds(1_250))
        record.admission = 7
        change(&record)
        return record
    }

    /// Writes a line and reads it back through a folder.
    private func roundTrip(_ record: InvocationRecord) throws -> RecordedInvocation {
        var line = line()
        try line.write(record)
        #expect(line.bytes.count { $0 == 0x0a } == 1, "one line")
        #expect(line.bytes.last == 0x0a)
        let folder = try RecordingFolder([])
        try folder.write(line.bytes, "events.ndjson")
        return try #require(try folder.recording().invocations.first)
    }

    /// Such data stands in the line as Base64.
    @Test(arguments: [
        #"{"say":"TOKEN""#, #"{"say":"TOKEN",}"#, "text=TOKEN", "Bearer TOKEN", "TOKEN", "{\n\"say\":\"TOKEN",
        #"{"password":"TOKEN"#, "password=hidden&token=hidden", #"{'password':'hidden'}"#,
        #"{"email":"hidden"#,
    ])
    func secretsInDataThatIsNoJSON_areLeftOut(text: String) throws {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwIn0.c2lnbmF0dXJl"
        let data = text.replacing("TOKEN", with: token)
        let recorded = try roundTrip(record(data))
        let kept = String(decoding: recorded.event.data, as: UTF8.self)
        #expect(!kept.contains("c2lnbmF0dXJl"), "\(kept)")
        if data.contains(#""email""#) { #expect(!kept.contains("hidden"), "\(kept)") }
    }

    @Test func whatAnInvocationWas_comesBack() throws {
        let recorded = try roundTrip(
            record(trigger: .http(method: "POST", path: "/api?x=1")) {
                $0.commit = 12
                $0.message = "done \"well\"\n"
                $0.fields = [
                    ("z", .integer(-3)), ("a", .string("日本")), ("n", .number(0.5)), ("b", .boolean(true)),
                    ("i", .number(.infinity)),
                ]
                $0.outcome.unit.writes = [
                    .emit(Emit(rooms: ["r"], event: "e", json: "1")), .save(kind: "k", id: "i", body: "{}"),
                ]
                $0.outcome.claims = Claims(
                    subject: "player_1", session: "s_1", roles: ["ops", "x\"y"],
                    expiresAt: TestRuntime.start + .seconds(60))
            })
        #expect(recorded.position == 1)
        #expect(recorded.function == "probe")
        #expect(recorded.admission == 7)
        #expect(recorded.commit == 12)
        #expect(recorded.numbers == 2)
        #expect(recorded.status == 202)
        #expect(recorded.body == #"{"x":"y"}"#)
        #expect(recorded.duration == .milliseconds(1_250))
        #expect(recorded.event.id == "req_1")
        #expect(recorded.event.time == TestRuntime.start)
        #expect(recorded.event.trigger == .http(method: "POST", path: "/api?x=1"))
        #expect(recorded.event.address == "hidden-9")
        #expect(recorded.event.data == Array(#"{"a":1}"#.utf8))
        guard case .verified(let claims) = recorded.event.credential else {
            Issue.record("no claims")
            return
        }
        #expect(
            claims
                == Claims(
                    subject: "player_1", session: "s_1", roles: ["ops", "x\"y"],
                    expiresAt: TestRuntime.start + .seconds(60)))
        #expect(recorded.log == #"{"message":"done \"well\"\n","a":"日本","b":true,"i":null,"n":0.5,"z":-3}"#)
    }

    @Test func argumentsAndText_comeBack() throws {
        let socket = Event.Source.socket(event: "m", connection: "c", host: "h")
        let list = try roundTrip(
            record("[1,[2]]", trigger: socket) {
                $0.event.form = .arguments
                $0.outcome.json = "[]"
                $0.outcome.form = .arguments
            })
        #expect(list.event.form == .arguments && list.event.data == Array("[1,[2]]".utf8))
        #expect(list.answer == #"{"status":202,"body":[],"form":"arguments"}"# && list.answersList)
        #expect(list.cloudEvent.contains(#""dataform":"arguments","datacontenttype":"application/json""#))
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
        let text = try roundTrip(
            record("Hello\n\"\(token)\"", trigger: socket) {
                $0.event.form = .text
                $0.outcome.form = .text
            })
        #expect(text.event.form == .text && text.event.data == Array("Hello\n\"[redacted]\"".utf8))
        #expect(text.answer == #"{"status":202,"body":{"x":"y"},"form":"text"}"# && !text.answersList)
        #expect(text.cloudEvent.contains(#""dataform":"text","datacontenttype":"text/plain","data":"Hello"#))
    }

    @Test func refusedInvocation_hasNoNumbers_andItsProblemIsTheBody() throws {
        let recorded = try roundTrip(
            record {
                var problem = Problem(
                    .invalid, "The \"text\" is\nbad.", errors: [InvalidInput("/a/b", "no")],
                    retryAfter: .seconds(3))
                problem.instance = "req_1"
                $0.admission = nil
                $0.outcome = Outcome(status: problem.status, json: problem.json, problem: problem)
            })
        #expect(recorded.admission == nil)
        #expect(recorded.commit == nil)
        #expect(recorded.numbers == 1)
        #expect(recorded.status == 422)
        #expect(recorded.body.contains(#""retry_after":3"#))
        #expect(recorded.body.contains(#"is\nbad."#))
    }

    @Test func answerWithoutABody_hasNone() throws {
        let recorded = try roundTrip(record { $0.outcome.json = "" })
        #expect(recorded.answer == #"{"status":202}"#)
        #expect(recorded.body.isEmpty)
    }

    @Test func everyTrigger_comesBack() throws {
        let triggers: [Event.Source] = [
            .http(method: "GET", path: "/\u{7f}\"日本"),
            .socket(event: "$connect", connection: "c\n", host: "h"),
            .queue(name: "q", group: "g"), .direct,
        ]
        for trigger in triggers { #expect(try roundTrip(record(trigger: trigger)).event.trigger == trigger) }
    }

    @Test func everyReadAndWrite_isWritten() throws {
        let reads: [(UnitOfWork.Read, String)] = [
            (.record(kind: "k", id: "i\"", version: 3), #"{"record":"k","id":"i\"","version":3}"#),
            (.journal(stream: "s", upTo: 9), #"{"journal":"s","up_to":9}"#),
            (.entry(id: "e", isThere: true), #"{"entry":"e","there":true}"#),
            (.entry(id: "e", isThere: false), #"{"entry":"e","there":false}"#),
        ]
        let end = TestRuntime.start
        let writes: [(UnitOfWork.Write, String)] = [
            (.save(kind: "k", id: "i", body: #"{"v":1}"#), #"{"save":"k","id":"i","body":{"v":1}}"#),
            (
                .append(stream: "s", kind: "k", id: "i", body: "[1]"),
                #"{"append":"s","kind":"k","id":"i","body":[1]}"#
            ),
            (
                .enqueue(queue: "q", group: "g", id: "i", payload: "{}", traceparent: "00-a"),
                #"{"enqueue":"q","group":"g","id":"i","payload":{},"traceparent":"00-a"}"#
            ),
            (
                .enqueue(queue: "q", group: "g", id: "i", payload: "{}", traceparent: nil),
                #"{"enqueue":"q","group":"g","id":"i","payload":{}}"#
            ),
            (
                .emit(Emit(rooms: ["a", "b"], except: ["c"], event: "e", json: #"{"token":"x"}"#)),
                #"{"emit":"e","rooms":["a","b"],"except":["c"],"data":{"token":"[redacted]"}}"#
            ),
            (.join(room: "r", .connection("c")), #"{"join":"r","connection":"c"}"#),
            (.join(room: "r", .subject("p")), #"{"join":"r","subject":"p"}"#),
            (.leave(room: "r", .connection("c")), #"{"leave":"r","connection":"c"}"#),
            (.leave(room: "r", .subject("p")), #"{"leave":"r","subject":"p"}"#),
            (
                .connect(connection: "c", host: "h", subject: "p", session: "s"),
                #"{"connect":"c","host":"h","subject":"p","session":"s"}"#
            ),
            (
                .connect(connection: "c", host: "h", subject: "p", session: nil),
                #"{"connect":"c","host":"h","subject":"p"}"#
            ),
            (
                .connect(connection: "c", host: "h", subject: "p", session: nil, namespace: "/lobby"),
                #"{"connect":"c","host":"h","subject":"p","namespace":"/lobby"}"#
            ),
            (.disconnect(connection: "c"), #"{"disconnect":"c"}"#),
            (.disconnect(connection: "c", host: "h"), #"{"disconnect":"c"}"#),
            (.suspend(connection: "c", host: "h"), #"{"suspend":"c"}"#),
            (.close(.connection("c"), reason: "\""), #"{"close":"\"","connection":"c"}"#),
            (.close(.subject("p"), reason: "r"), #"{"close":"r","subject":"p"}"#),
            (
                .emit(
                    Emit(
                        rooms: [], event: "e", json: "1", isVolatile: true, answerWithin: .milliseconds(1_500)
                    )),
                #"{"emit":"e","rooms":[],"except":[],"data":1,"volatile":true,"answer_within":1500}"#
            ),
            (
                .emit(Emit(rooms: [], event: "e", json: "[1]", form: .arguments, isVolatile: true)),
                #"{"emit":"e","rooms":[],"except":[],"data":[1],"form":"arguments","volatile":true}"#
            ),
            (
                .emit(Emit(rooms: [], event: "e", json: "\"t\"", form: .text)),
                #"{"emit":"e","rooms":[],"except":[],"data":"t","form":"text"}"#
            ),
            (
                .openSession(id: "s", subject: "p", expiresAt: end),
                #"{"open_session":"s","subject":"p","expires_at":"2026-01-01T00:00:00.000Z"}"#
            ),
            (.revokeSession(id: "s"), #"{"revoke_session":"s"}"#),
        ]
        let unit = UnitOfWork(reads: reads.map(\.0), writes: writes.map(\.0))
        let recorded = try roundTrip(
            record {
                $0.commit = 40
                $0.outcome.unit = unit
            })
        let expected =
            #"{"reads":["# + reads.map(\.1).joined(separator: ",") + #"],"writes":["#
            + writes.map(\.1).joined(separator: ",") + "]}"
        #expect(recorded.unit == expected)
        #expect(recorded.numbers == 18)
        #expect(recorded.journalReads().map(\.stream) == ["s"])
        #expect(recorded.journalReads().map(\.upTo) == [9])
        // What a replay gave is written by the same code, and so compared as text.
        var again = line()
        #expect(again.part(recorded.unit) { $0.write(unit) } == recorded.unit)
    }

    @Test func whatWasTaken_comesBack() throws {
        var everything = Taken(seed: .max)
        everything.idSeed = SecretNumber(high: 1, low: .max)
        everything.refusal = "The token has \"expired\"."
        everything.isBusy = true
        everything.isOverrun = true
        everything.texts = [
            "model": OutsideText.Record(
                pieces: [
                    OutsideText.Piece(text: "Once ", delay: .milliseconds(1)),
                    OutsideText.Piece(text: "\"upon\"\n日本", delay: .seconds(2)),
                ], failure: "it \"broke\""), "empty": OutsideText.Record(),
            "\"": OutsideText.Record(pieces: [OutsideText.Piece(text: "", delay: .zero)]),
        ]
        everything.claim = ClaimedJobs(queue: "q", group: "g\"", lease: 5, count: 64)
        #expect(try roundTrip(record { $0.taken = everything }).taken == everything)
        #expect(try roundTrip(record { $0.taken = Taken() }).taken == Taken())
        let errors: [StoreError] = [
            .full, .busy, .corrupt, .readOnly, .io(code: 522), .closed, .overloaded,
            .admissionLost(full: false), .admissionLost(full: true),
            .leaseLost,
            .unexpected(code: 2_067, statement: "INSERT INTO journal\nVALUES (\"?\")"),
        ]
        for error in errors {
            let recorded = try roundTrip(record { $0.taken.fault = StoreFault(error) })
            #expect(recorded.taken.fault?.error == error)
        }
    }

    @Test func data_withLineFeedsOrNoJSON_staysOnOneLine_toTheByte() throws {
        for data in [
            "{\n\"a\": 1\n}", "not json", "\n", "", "\"\u{2028}\"", " 1 ", "\"\\n\"", "{\"a\":\r\n1}",
        ] {
            #expect(try roundTrip(record(data)).event.data == Array(data.utf8), "\(data)")
        }
        let bytes = try roundTrip(record { $0.event.data = [0xff, 0x0a, 0x00] })
        #expect(bytes.event.data == [0xff, 0x0a, 0x00])
    }

    @Test func secrets_areLeftOutOfEveryPart() throws {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwIn0.S3CRET"
        var line = line()
        try line.write(
            record(
                #"{"password":"S3CRET","email":"S3CRET","say":"\#(token)"}"#,
                trigger: .http(method: "GET", path: "/x?t=\(token)")
            ) {
                $0.event.id = "req-\(token)"
                $0.event.credential = .token(token)
                $0.message = "said \(token)"
                $0.fields = [("said", .string(token))]
                $0.taken.texts = [
                    "m": OutsideText.Record(pieces: [OutsideText.Piece(text: token, delay: .zero)])
                ]
                $0.outcome.json = #"{"token":"S3CRET"}"#
                $0.outcome.unit.writes = [
                    .save(kind: "k", id: "i", body: #"{"email":"S3CRET","a":"\#(token)"}"#),
                    .append(stream: "s", kind: "k", id: "i", body: #"{"token":"S3CRET"}"#),
                    .enqueue(
                        queue: "q", group: "g", id: "i", payload: #"{"token":"S3CRET"}"#, traceparent: nil),
                    .emit(Emit(rooms: [], event: "e", json: #""\#(token)""#)),
                ]
            })
        let text = String(decoding: line.bytes, as: UTF8.self)
        #expect(!text.contains("S3CRET"))
        #expect(!text.contains("192.0.2.7"))
        #expect(text.contains("[redacted]"))
    }

    @Test func event_thatCannotBeWritten_addsNothing() throws {
        var line = line()
        try line.write(record())
        let before = line.bytes
        #expect(throws: CloudEventError.self) { try line.write(record { $0.event.id = "" }) }
        #expect(throws: CloudEventError.self) {
            try line.write(
                record { $0.event.data = [UInt8](repeating: 0x20, count: RecordingFormat.longestLine + 1) })
        }
        #expect(line.bytes == before)
        #expect(line.lines == 1)
    }

    @Test func everyReturn_comesBack() throws {
        let fates: [JobReturn] = [
            .wait(until: TestRuntime.start), .retry(at: TestRuntime.start),
            .bury(reason: "no \"use\"\n", at: TestRuntime.start),
        ]
        let folder = try RecordingFolder([])
        var line = line()
        for (index, fate) in fates.enumerated() {
            line.write(
                RecordedReturn(number: 0, queue: "q\"", group: "g\n", fate: fate), number: Int64(index) + 3,
                lease: nil)
        }
        #expect(line.lines == 3)
        try folder.write(line.bytes, "events.ndjson")
        let returns = try folder.recording().returns
        #expect(returns.map(\.fate) == fates)
        #expect(returns.map(\.number) == [3, 4, 5])
        #expect(returns.allSatisfy { $0.queue == "q\"" && $0.group == "g\n" && $0.claim == nil })
    }

    @Test func aReturnOfWhatWasNotRun_tellsOfItsClaim() throws {
        let folder = try RecordingFolder([])
        var line = line()
        let claim = ClaimedJobs(queue: "q", group: "g", lease: 8, count: 2)
        let fate = JobReturn.bury(reason: "lost", at: TestRuntime.start)
        line.write(
            RecordedReturn(number: 0, queue: "q", group: "g", fate: fate, claim: claim), number: 9, lease: 8)
        try folder.write(line.bytes, "events.ndjson")
        #expect(try folder.recording().returns.map(\.claim) == [claim])
    }
}
