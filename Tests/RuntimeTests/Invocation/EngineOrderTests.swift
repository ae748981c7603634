import Ledger
import Base
import Runtime
import Testing
import TestSupport

@Suite struct EngineOrderTests {
    @Test func eachRefusal_winsOverTheLaterOnes() async throws {
        let (entered, gate) = (Gate(), Gate())
        let entry = FunctionEntry.probe(
            .role("ops"), per: .function,
            Limits(rate: [Rate(count: 1, window: .seconds(60))], body: 32, concurrency: 1))
        let runtime = try TestRuntime(
            [entry],
            Probe { _, _ in
                entered.open()
                await gate.wait()
                return [:]
            })
        let first = Task { try await runtime.invoke(runtime.event(roles: ["ops"])) }
        await entered.wait()

        // The rate and the only place are taken, and no input below is any good.
        let junk = #"{"text":"#
        let long = String(repeating: "[", count: 33)
        func status(_ data: String, as player: String?, _ roles: [String]) async throws -> Int {
            try await runtime.invoke(runtime.event(data, as: player, roles: roles)).status
        }
        #expect(try await status(long, as: nil, []) == 413)
        #expect(try await status(junk, as: nil, []) == 401)
        #expect(try await status(junk, as: "player_1", ["editor"]) == 403)
        #expect(try await status(junk, as: "player_1", ["ops"]) == 429)
        runtime.advance(by: .seconds(61))
        #expect(try await status(junk, as: "player_1", ["ops"]) == 503)
        gate.open()
        #expect(try await first.value.status == 202)
        // The 503 was not counted against the rate.
        #expect(try await status(junk, as: "player_1", ["ops"]) == 400)
        runtime.advance(by: .seconds(61))
        #expect(try await status(#"{"text":1}"#, as: "player_1", ["ops"]) == 422)
        runtime.advance(by: .seconds(61))
        #expect(try await status(#"{"text":""}"#, as: "player_1", ["ops"]) == 422)
        runtime.advance(by: .seconds(61))
        #expect(try await status(#"{"text":"x"}"#, as: "player_1", ["ops"]) == 202)
    }

    @Test func aTokensSession_isLookedUp() async throws {
        let runtime = try TestRuntime([.probe()], Probe { _, context in ["player": try context.subject] })
        let token = try await runtime.session("session_1", of: "player_7")
        var event = runtime.event()
        event.credential = .token(token)
        let outcome = try await runtime.invoke(event)
        #expect(outcome.status == 202)
        #expect(outcome.json == #"{"player":"player_7"}"#)
        #expect(outcome.claims?.session == "session_1")

        try await runtime.write([.revokeSession(id: "session_1")])
        let refused = try await runtime.invoke(event)
        #expect(refused.status == 401)
        #expect(refused.problem?.detail == "The session has ended.")

        event.credential = .token(token + "x")
        #expect(try await runtime.invoke(event).status == 401)
        event.credential = .token(
            runtime.tokens.sign(
                Claims(subject: "player_7", session: "never", expiresAt: runtime.now + .seconds(9)),
                now: runtime.now) ?? "")
        #expect(try await runtime.invoke(event).status == 401)
    }

    @Test func whereNoTokenIsNeeded_noneIsLookedAt() async throws {
        let runtime = try TestRuntime([.probe(.none)], Probe())
        var event = runtime.event(as: nil)
        #expect(try await runtime.invoke(event).status == 202)
        event.credential = .token("junk")
        #expect(try await runtime.invoke(event).status == 202)
        // A socket that closes because its token has ended.
        event.credential = .verified(Claims(subject: "p", expiresAt: runtime.now))
        let outcome = try await runtime.invoke(event)
        #expect(outcome.status == 202)
        #expect(outcome.claims?.subject == "p")
    }

    @Test func verifiedClaims_end() async throws {
        let runtime = try TestRuntime([.probe()], Probe())
        var event = runtime.event()
        event.credential = .verified(Claims(subject: "p", expiresAt: runtime.now + .milliseconds(1)))
        #expect(try await runtime.invoke(event).status == 202)
        event.credential = .verified(Claims(subject: "p", expiresAt: runtime.now))
        #expect(try await runtime.invoke(event).status == 401)
    }

    @Test func oneRate_countsOverAllTriggers() async throws {
        let entry = FunctionEntry.probe(.authenticated, Limits(rate: [Rate(count: 3, window: .seconds(60))]))
        let runtime = try TestRuntime([entry], Probe())
        let triggers: [Event.Source] = [
            .http(method: "POST", path: "/x"), .socket(event: "x", connection: "c", host: "h"),
            .queue(name: "q", group: "g"), .direct,
        ]
        var statuses: [Int] = []
        for trigger in triggers {
            statuses.append(try await runtime.invoke(runtime.event(trigger: trigger)).status)
        }
        #expect(statuses == [202, 202, 202, 429])
        // Another player has a count of their own.
        #expect(try await runtime.invoke(runtime.event(as: "player_2")).status == 202)
    }

    @Test func rateHeaders_sayWhereTheRateStands() async throws {
        let entry = FunctionEntry.probe(.authenticated, Limits(rate: [Rate(count: 2, window: .seconds(60))]))
        let runtime = try TestRuntime([entry], Probe())
        func headers() async throws -> [String: String] {
            let outcome = try await runtime.invoke(runtime.event())
            return Dictionary(uniqueKeysWithValues: outcome.rateHeaders(now: runtime.now))
        }
        #expect(
            try await headers() == [
                "RateLimit-Policy": "\"default\";q=2;w=60", "RateLimit": "\"default\";r=1;t=60",
                "X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "1767225660",
            ])
        runtime.advance(by: .milliseconds(10_500))
        #expect(try await headers()["RateLimit"] == "\"default\";r=0;t=50")
        let refused = try await headers()
        #expect(refused["RateLimit"] == "\"default\";r=0;t=50")
        #expect(refused["Retry-After"] == "50")
        #expect(refused["X-RateLimit-Reset"] == "1767225660")
        #expect(
            runtime.invoker.metrics.exposition([]).contains("rate_refusals_total{function=\"probe\"} 1\n"))

        runtime.advance(by: .milliseconds(49_500))
        #expect(try await headers()["RateLimit"] == "\"default\";r=0;t=11")
    }
}
