import Base
@testable import Engine
@testable import Functions
@testable import Identity
@testable import Manifest
@testable import Observability
import Runtime
import Synchronization
import Testing
import TestSupport

/// What opens a door does not follow from what is shown.
@Suite struct SecretIdentifierTests {
    private struct Ids {
        /// Request ids apart, which the host makes: traces, spans and ids of the function's own.
        var shown: [String] = []
        var secret: [String] = []
        /// The second half of each trace's id.
        var traces: [UInt64] = []
    }

    /// A thousand invocations that each sign somebody in.
    private func ids(seed: UInt64, secret: UInt64) async throws -> Ids {
        let runtime = try TestRuntime([.probe(.none)], Probe())
        let seeds = RandomBytes(Self.source(seed))
        let secrets = RandomBytes(Self.source(secret))
        let platform = Platform(
            now: { TestRuntime.start }, uptime: { .zero }, seed: { seeds.next() },
            secret: { secrets.nextSecret() },
            timers: runtime.timers, executor: globalConcurrentExecutor)
        let probe = Probe { _, context in
            let action = context.identifier("action")
            let player = try context.secretIdentifier("player")
            let session = try context.openSession(for: player, lifetime: .seconds(60))
            return ["action": action, "player": player, "session": session.sessionID]
        }
        let manifest = Manifest(auth: [TestRuntime.issuer], functions: [.probe(.none)])
        let invoker = try Engine(
            manifest: manifest, functions: FunctionSet(probe), state: runtime.state, platform: platform,
            log: Log(level: nil, format: .json, sink: runtime.lines), settings: Settings(environment: [:]))
        var ids = Ids()
        for index in 0..<1_000 {
            let outcome = await invoker.invoke(.probe(.none), runtime.event(as: nil, id: "req_\(index)"))
            let answer = try JSON.decode([String: String].self, text: outcome.json)
            ids.secret += try [#require(answer["player"]), #require(answer["session"])]
            let trace = try #require(outcome.trace)
            ids.shown += [try #require(answer["action"]), trace.traceparent]
            ids.traces.append(try #require(UInt64(trace.traceID.suffix(16), radix: 16)))
        }
        return ids
    }

    /// Bytes that a test can have again.
    private static func source(_ seed: UInt64) -> @Sendable (Int) -> [UInt8]? {
        let random = Mutex(SeededRandom(seed: seed))
        return { count in
            random.withLock { random in (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
        }
    }

    @Test func whatIsShown_andWhatIsSecret_haveSourcesOfTheirOwn() async throws {
        let first = try await ids(seed: 1, secret: 2)
        let otherSecrets = try await ids(seed: 1, secret: 3)
        let otherSeeds = try await ids(seed: 4, secret: 2)
        // The one moves nothing of the other: no number of either generator went both ways.
        #expect(first.shown == otherSecrets.shown)
        #expect(Set(first.secret).isDisjoint(with: otherSecrets.secret))
        #expect(first.secret == otherSeeds.secret)
        #expect(Set(first.shown).isDisjoint(with: otherSeeds.shown))
        #expect(Set(first.secret).count == 2_000)
    }

    @Test func fromAThousandTraces_noSecretIsComputed() async throws {
        let ids = try await ids(seed: 5, secret: 6)
        let actions = Set(ids.shown)
        var found = 0
        for trace in ids.traces {
            // The second half of a trace's id is an output as it is; all that the generator gives after it follows.
            var random = SeededRandom(seed: Self.state(after: trace))
            let outputs = (0..<64).map { _ in random.next() }
            var computed: Set<String> = []
            for (first, second) in zip(outputs, outputs.dropFirst()) {
                for digits in [UInt64(8), 13] {
                    for prefix in ["action", "player", "session"] {
                        computed.insert(
                            IdentifierText.make(
                                prefix, at: TestRuntime.start, first, second, digits: digits))
                    }
                }
            }
            // The attack works: it tells the ids that are shown anyway.
            if !computed.isDisjoint(with: actions) { found += 1 }
            #expect(computed.isDisjoint(with: ids.secret))
        }
        #expect(found == 1_000)
    }

    /// SplitMix64 backwards: the state that gave this output.
    private static func state(after output: UInt64) -> UInt64 {
        var z = output
        z ^= z >> 31 ^ z >> 62
        z = z &* 0x3196_42b2_d24d_8ec3
        z ^= z >> 27 ^ z >> 54
        z = z &* 0x96de_1b17_3f11_9089
        return z ^ z >> 30 ^ z >> 60
    }

    @Test func aRunThatIsRecorded_hasItsSecretsAgain() async throws {
        let play = try await Play([.deed()], Deed())
        for index in 0..<20 { await play.does("r\(index)", index % 2 == 0 ? "login" : "count") }
        let recording = try play.recording()
        for (index, invocation) in recording.invocations.enumerated() {
            // Only where a secret was made.
            #expect((invocation.taken.idSeed != nil) == (index % 2 == 0))
        }
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func aRecordingFromBefore_hasTheIdsOfItsSeed() async throws {
        let runtime = try TestRuntime(
            [.probe(.none)],
            Probe { _, context in
                let action = context.identifier("action")
                return [
                    "id": action,
                    "session": try context.openSession(for: "p", lifetime: .seconds(9)).sessionID,
                ]
            })
        let outcome = await runtime.invoker.invoke(
            .probe(.none), runtime.event(as: nil), replaying: Taken(seed: 77))
        var random = SeededRandom(seed: 77)
        _ = TraceContext(random: &random)
        let answer = try JSON.decode([String: String].self, text: outcome.json)
        #expect(answer["id"] == random.identifier("action", at: TestRuntime.start))
        #expect(answer["session"] == random.identifier("session", at: TestRuntime.start))
    }
}
