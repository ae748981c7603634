import Base
import Engine
@testable import Functions
import Ledger
import Observability
import Runtime
import Testing

/// What a host and a process of a function of ours say to each other comes back as it was.
@Suite struct RemoteTests {
    private static let time = Timestamp(milliseconds: 1_767_225_600_123)
    private static let claims = Claims(
        subject: "player \"1\"", session: "session_1", roles: ["ops", "gm"],
        expiresAt: Timestamp(milliseconds: 1_767_229_200_001))
    private static let trace = TraceContext(
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    @Test(arguments: [
        Event.Source.http(method: "POST", path: "/é"), .socket(event: "/ns#say", connection: "c", host: "h"),
        .queue(name: "story", group: "player_1"), .other(kind: "schedule", name: "tidy"), .direct,
    ])
    func anInvocation_comesBack(_ trigger: Event.Source) throws {
        for (credential, hasListener) in [
            (Event.Credential.none, false), (.token("a.b.\"c\""), true), (.verified(Self.claims), false),
        ] {
            let event = Event(
                id: "req_1\n", time: Self.time, trigger: trigger, credential: credential,
                address: "2001:db8::1",
                trace: Self.trace, idempotencyKey: "key \"1\"", data: Array(#"{"text": "行く", "n":1.0}"#.utf8))
            let claim = JobClaim(
                queue: "story", group: "player_1", lease: .max,
                jobs: [
                    Job(
                        number: 7, id: "job_1", payload: "{\"a\":\"\\u0000\"}", traceparent: nil, attempts: 2,
                        lost: 1),
                    Job(number: .max, id: "job_2", payload: "[]", traceparent: "00-x", attempts: 0, lost: 0),
                ])
            for claim in [claim, nil] {
                let sent = RemoteInvocation(event: event, claim: claim, hasListener: hasListener)
                let back = try RemoteInvocation(sent.encoded())
                #expect(back.event.id == event.id && back.event.time == event.time)
                #expect(back.event.trigger == trigger && back.event.address == event.address)
                #expect(back.event.trace == event.trace && back.event.idempotencyKey == event.idempotencyKey)
                #expect(back.event.data == event.data && back.event.form == event.form)
                #expect("\(back.event.credential)" == "\(credential)")
                #expect(back.claim == claim && back.hasListener == hasListener)
            }
        }
    }

    @Test(arguments: DataForm.allCases)
    func everyForm_comesBack(_ form: DataForm) throws {
        for data in [[UInt8]("[1,2]".utf8), [], [UInt8]("bare \"text\"".utf8)] {
            let event = Event(
                id: "1", time: Self.time, trigger: .socket(event: "e", connection: "c", host: "h"),
                data: data,
                form: form)
            let sent = RemoteInvocation(event: event, claim: nil, hasListener: false)
            let back = try RemoteInvocation(sent.encoded()).event
            #expect(back.form == form && back.data == data)
        }
    }

    @Test(arguments: ["", "{}", "nonsense", #"{"event":{}}"#, "{\"event\":", "\u{0}"])
    func whatIsNoInvocation_isAnError(_ text: String) {
        #expect(throws: (any Error).self) { try RemoteInvocation(Array(text.utf8)) }
    }

    @Test(arguments: Problem.Kind.allCases)
    func everyProblem_comesBack(_ kind: Problem.Kind) throws {
        var problem = Problem(
            kind, "wrong: \"é\"\n", status: kind == .protocolError ? 413 : nil,
            errors: [InvalidInput("/a/b", "is missing"), InvalidInput("", "is not valid")],
            retryAfter: .milliseconds(1_500))
        problem.instance = "req_1"
        let outcome = Outcome(status: problem.status, json: problem.json, problem: problem)
        let back = try #require(RemoteOutcome.outcome(Array(try RemoteOutcome.encoded(outcome).utf8)))
        #expect(back.problem == problem)
        #expect(back.status == problem.status && back.json == problem.json)
        #expect(!back.isSuccess)
    }

    @Test func anAnswer_comesBack() throws {
        for form in DataForm.allCases {
            var outcome = Outcome(status: 202, json: form == .value ? #"{"a":[1.0,"é"]}"# : "[1,2]")
            outcome.form = form
            outcome.rate = RateStatus(
                limit: 30, window: .seconds(60), remaining: 29, resetAfter: .milliseconds(59_999))
            outcome.claims = Self.claims
            outcome.trace = Self.trace
            outcome.event = "action_done"
            outcome.isRepeated = true
            outcome.isConnected = true
            let back = try #require(RemoteOutcome.outcome(Array(try RemoteOutcome.encoded(outcome).utf8)))
            #expect(back.status == 202 && back.json == outcome.json && back.form == form)
            #expect(back.rate == outcome.rate && back.claims == Self.claims && back.trace == Self.trace)
            #expect(back.event == "action_done" && back.isRepeated && back.isConnected && back.problem == nil)
        }
    }

    @Test func whatWasCounted_goesAlong_once() throws {
        let (there, here) = (Metrics(), Metrics())
        there.add(Metrics.Counter("a_total", "Counts."), [("b", "c\"")], by: 3)
        for _ in 0..<2 {
            let text = try RemoteOutcome.encoded(Outcome(status: 200, json: "1"), counting: there)
            #expect(RemoteOutcome.outcome(Array(text.utf8), countingTo: here)?.json == "1")
        }
        let counts = here.takeCounts()
        #expect(counts.map(\.labels) == [["b", "c\""]] && counts.map(\.amount) == [3])
    }

    @Test func whatWasCommitted_isToldOfAConnection() throws {
        let outcome = Outcome(status: 200, json: "")
        let back = try #require(RemoteOutcome.outcome(Array(try RemoteOutcome.encoded(outcome).utf8)))
        #expect(back.json == "null" && !back.isConnected && !back.isRepeated && back.event == nil)
    }

    @Test(arguments: [
        "", "{}", "nonsense", #"{"status":200}"#, #"{"json":null}"#, #"{"status":"200","json":null}"#,
        #"{"status":99,"json":null}"#, #"{"status":600,"json":null}"#,
        #"{"status":400,"problem":{"kind":"none","status":400,"detail":"","pointers":[],"details":[]},"json":1}"#,
    ])
    func whatIsNoOutcome_isNone(_ text: String) {
        #expect(RemoteOutcome.outcome(Array(text.utf8)) == nil)
    }
}
