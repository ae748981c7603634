import Base
@testable import Command
import Net
import Runtime
import Synchronization
import Testing

@Suite struct AgainstTests {
    private func send(
        _ folder: RecordingFolder, to host: LiveHost, speed: Against.Speed = .max,
        where isWanted: @escaping @Sendable (RecordedInvocation) -> Bool = { _ in true },
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> AgainstResult {
        let recording = try folder.recording()
        var settings = Against.Settings(
            url: host.url, speed: speed, isWanted: isWanted, platform: host.platform, sign: { _ in nil })
        settings.sign = try await host.signer(for: Against(settings).callers(of: recording))
        return try await Against(settings).run(recording, progress: progress)
    }

    @Test func everyPlayer_isSentAgain_withIdsAndTokensOfTheirOwn() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            for number in 1...20 { try folder.addPlayer(UInt64(number)) }
            let seen = Mutex<[(Int, Int)]>([])
            let result = try await send(
                folder, to: host,
                progress: { done, total in
                    seen.withLock { $0.append((done, total)) }
                })
            #expect(result.isIdentical, "\(result.text())")
            #expect(result.clients == 20)
            #expect(result.counts.sent == 100)
            #expect(result.counts.identical == 80)
            // The ends of the sockets have no answer.
            #expect(result.counts.unanswered == 20)
            #expect(result.latency.count == 80)
            #expect(result.entries.map(\.position) == Array(1...100))
            #expect(result.functions.map(\.function) == ["act", "enter", "leave", "sign-in"])
            // What the host gave them was enough.
            #expect(host.signedFor.isEmpty)
            #expect(result.delivered >= 20)
            #expect(seen.withLock { $0.last?.0 } == 100)
            #expect(seen.withLock { $0.allSatisfy { $0.1 == 100 } })
        }
    }

    @Test func atTheRecordedSpeed_theSameIsSent() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            for number in 1...3 { try folder.addPlayer(UInt64(number)) }
            let result = try await send(folder, to: host, speed: .recorded(factor: 2))
            #expect(result.isIdentical, "\(result.text())")
            #expect(result.counts.sent == 15)
        }
    }

    @Test func anAnswerThatDiffers_isTheOneThatIsFound() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.addPlayer(1)
            try folder.add(
                "act", .http(method: "POST", path: "/api/act"), as: RecordingFolder.id("player", 1),
                data: #"{"text":"a"}"#, status: 202,
                answer: RecordingFolder.acted(RecordingFolder.id("player", 1), "b"))
            let result = try await send(folder, to: host)
            #expect(result.counts.different == 1)
            let entry = try #require(result.entries.first { $0.verdict == .different })
            #expect(entry.position == 6)
            #expect(entry.differences.map(\.path) == ["answer.body.text"])
            #expect(entry.differences.map(\.recorded) == [#""b""#])
            #expect(entry.differences.map(\.replayed) == [#""a""#])
            #expect(!result.isIdentical)
            #expect(result.text().contains("Different:\n#6 act\n  answer.body.text: \"b\" -> \"a\"\n"))
            #expect(
                result.text().hasSuffix("6 sent, 4 identical, 1 different, 1 without an answer, 0 failed\n"))
            #expect(try result.json().contains("\"answer.body.text\""))
        }
    }

    @Test func aPlayerWithoutASignIn_getsAFreshToken_andASocketThatWasOpenIsOpened() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.add(
                "act", .socket(event: "act", connection: "socket_9", host: "host_1"), as: "player_old",
                data: #"{"text":"x"}"#, status: 202, answer: RecordingFolder.acted("player_old", "x"))
            try folder.add(
                "act", .http(method: "GET", path: "/api/act"), as: "player_old", data: #"{"text":"a b&c"}"#,
                status: 202, answer: RecordingFolder.acted("player_old", "a b&c"))
            let result = try await send(folder, to: host)
            #expect(result.isIdentical, "\(result.text())")
            #expect(host.signedFor == ["player_old"])
        }
    }

    @Test func anotherStatus_isADifference_inAnAcknowledgementToo() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.add(
                "act", .socket(event: "act", connection: "socket_9", host: "host_1"), as: "player_old",
                data: #"{"text":5}"#, status: 202, answer: "{}")
            let result = try await send(folder, to: host)
            #expect(result.entries.first?.status == 422)
            #expect(result.entries.first?.differences.first?.path == "answer.status")
        }
    }

    @Test func refusals_areCompared_withoutTheirReason() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            let problem = """
                {"detail":"The token has expired.","instance":"req_5","status":401,\
                "title":"Authentication is needed","type":"urn:problem-type:unauthenticated"}
                """
            let taken = #"{"seed":"1","refusal":"The token has expired."}"#
            try folder.add(
                "act", .http(method: "POST", path: "/api/act"), data: #"{"text":"x"}"#, status: 401,
                answer: problem, taken: taken)
            try folder.add(
                "enter", .socket(event: "$connect", connection: "socket_9", host: "host_1"),
                data: #"{"token":"[redacted]"}"#, status: 401, answer: problem, taken: taken)
            let result = try await send(folder, to: host)
            #expect(result.isIdentical, "\(result.text())")
            #expect(result.counts.identical == 2)
        }
    }

    @Test func aSocketThatTheHostClosed_isOpenedByTheNextEvent() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            func socket(_ event: String) -> Event.Source {
                .socket(event: event, connection: "socket_9", host: "host_1")
            }
            try folder.add("enter", socket("$connect"), as: "player_old")
            let long = String(repeating: "x", count: 4_000)
            try folder.add("act", socket("act"), as: "player_old", data: #"{"text":"\#(long)"}"#, status: 202)
            try folder.add(
                "act", socket("act"), as: "player_old", data: #"{"text":"x"}"#, status: 202,
                answer: RecordingFolder.acted("player_old", "x"))
            let result = try await send(folder, to: host)
            #expect(result.entries.map(\.verdict) == [.identical, .failed, .identical], "\(result.text())")
            #expect(result.entries[1].failure == .closed)
        }
    }

    @Test func aPlayerWithoutAToken_fails_andSaysSo() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.add("act", .http(method: "POST", path: "/api/act"), as: "player_old")
            let settings = Against.Settings(
                url: host.url, speed: .max, platform: host.platform, sign: { _ in nil })
            let result = try await Against(settings).run(folder.recording())
            #expect(result.entries.first?.failure == .noToken("player_old"))
            #expect(result.text().contains("1 x there is no token for the player, the first #1 act\n"))
        }
    }

    @Test func jobsAndWhatIsNotAskedFor_areNotSent() async throws {
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.addPlayer(1)
            try folder.add("act", .queue(name: "story", group: "player_1"))
            try folder.add("act", .direct)
            let result = try await send(folder, to: host) { $0.function != "enter" && $0.position != 2 }
            #expect(result.isIdentical, "\(result.text())")
            #expect(result.entries.map(\.position) == [1, 4, 5])
            #expect(result.unsent == 2)
        }
        try await withLiveHost { host in
            var folder = try RecordingFolder()
            try folder.add("act", .direct)
            await #expect(throws: AgainstError.nothingToSend) { try await send(folder, to: host) }
        }
    }

    @Test func aDeadHost_isNamed() async throws {
        let host = try await LiveHost()
        await host.close()
        var folder = try RecordingFolder()
        try folder.addPlayer(1)
        let recording = try folder.recording()
        let settings = Against.Settings(
            url: host.url, speed: .max, platform: host.platform, sign: { _ in nil })
        await #expect(
            throws: AgainstError.unreachable(
                "127.0.0.1:\(host.port)", "cannot connect: Connection refused")
        ) { try await Against(settings).run(recording) }
    }

    @Test func aHostThatDiesMeanwhile_failsEveryEvent() async throws {
        let host = try await LiveHost()
        await host.close()
        var folder = try RecordingFolder()
        try folder.addPlayer(1)
        let uptime = host.platform.uptime
        let address = try #require(
            try HostResolver.addresses(
                of: "127.0.0.1", port: Int(host.port), isLiteral: true, until: uptime() + .seconds(60),
                Patience(uptime: uptime)
            ).first)
        let setup = TrafficClient.Setup(
            address: address, authority: "localhost", socketPath: "/socket.io/", peers: [:],
            limits: .standard, identities: LiveIdentities(limit: 10, sign: { _ in "token" }),
            comparison: AnswerComparison(), uptime: host.platform.uptime, pace: .max)
        let plan = TrafficPlan(try folder.recording().invocations) { _ in true }
        var entries: [AgainstResult.Entry] = []
        TrafficClient(setup, seed: 1).run(plan.clients[0]) { entries.append($0) }
        #expect(entries.count == 5)
        #expect(
            entries.allSatisfy {
                $0.failure == .cannotConnect("Connection refused") || $0.function == "leave"
            })
    }

    @Test func anotherMachine_isRefusedUnlessAllowed() async throws {
        let host = try await LiveHost()
        await host.close()
        var folder = try RecordingFolder()
        try folder.addPlayer(1)
        let recording = try folder.recording()
        let settings = Against.Settings(
            url: "http://192.0.2.1:8000", speed: .max, platform: host.platform, sign: { _ in nil })
        await #expect(throws: AgainstError.notLoopback("192.0.2.1")) {
            try await Against(settings).run(recording)
        }
    }

    @Test(arguments: [0, -1, .nan, .infinity, 1e9]) func aSpeedThatIsNone_isRefused(factor: Double)
        async throws
    {
        try await withLiveHost { host in
            #expect(throws: AgainstError.badSpeed) {
                try Against(
                    Against.Settings(
                        url: host.url, speed: .recorded(factor: factor), platform: host.platform,
                        sign: { _ in nil }))
            }
        }
    }
}
