import Base
@testable import Command
@testable import Functions
@testable import Identity
import Net
@testable import Observability
@testable import Recording
import Runtime
import Testing

@Suite struct TargetHostTests {
    @Test(arguments: [
        ("http://localhost:8000", "localhost", 8_000, "localhost:8000"),
        ("http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1"), ("HTTP://a.b-c/", "a.b-c", 80, "a.b-c"),
        ("http://[::1]:9", "::1", 9, "[::1]:9"), ("http://[::1]", "::1", 80, "[::1]"),
    ]) func aURL_namesAHostAndAPort(url: String, name: String, port: Int, authority: String) throws {
        let host = try TargetHost(url: url)
        #expect(host.name == name)
        #expect(host.port == port)
        #expect(host.authority == authority)
    }

    @Test(arguments: [
        "https://localhost:8000", "localhost:8000", "", "http://", "http://:80", "http://a:0",
        "http://a:65536",
        "http://a:", "http://a:b", "http://a:+5", "http://a/b", "http://a?b", "http://a#b", "http://u@a",
        "http://[::1",
        "http://[::1]x", "http://a b", "http://a\r\nb", "http://a:8:8", "ftp://a", "http://é", "http://[]",
    ]) func anythingElse_isRefused(url: String) {
        #expect(throws: AgainstError.self) { try TargetHost(url: url) }
    }

    private static func addresses(_ url: String) throws -> [SocketAddress] {
        let host = try TargetHost(url: url)
        return try HostResolver.addresses(
            of: host.name, port: host.port, until: .seconds(60), Patience(uptime: { .zero }))
    }

    @Test func loopback_isThisMachine() throws {
        for url in ["http://127.0.0.1", "http://127.9.8.7", "http://[::1]", "http://[::ffff:127.0.0.1]"] {
            let addresses = try Self.addresses(url)
            #expect(!addresses.isEmpty && addresses.allSatisfy(\.isLoopback), "\(url)")
        }
        for url in [
            "http://192.0.2.1", "http://[2001:db8::1]", "http://[::ffff:192.0.2.1]", "http://0.0.0.0",
        ] {
            let addresses = try Self.addresses(url)
            #expect(addresses.allSatisfy { !$0.isLoopback }, "\(url)")
        }
    }
}

@Suite struct IdentifiersTests {
    private let a = RecordingFolder.id("player", 1)
    private let b = RecordingFolder.id("player", 2)

    @Test func ids_areMasked_andNothingElse() {
        #expect(
            Identifiers.masked(#"{"a":"\#(a)","b":"room:\#(b)"}"#) == #"{"a":"player_*","b":"room:player_*"}"#
        )
        #expect(Identifiers.masked("\(a)\(b)") == "\(a)player_*")
        #expect(Identifiers.masked("\(a),\(a)") == "player_*,player_*")
        for text in [
            "", "_", "player_1", "player_" + String(repeating: "u", count: 26),
            "player_" + String(repeating: "9", count: 26), "_" + a.dropFirst(7), a + "x", a + "_",
            "player_id",
        ] {
            #expect(Identifiers.masked(text) == text)
        }
    }

    @Test func ids_pairUp_whereTheTextsAreAlike() {
        let pairs = Identifiers.pairs("x \(a) y", "x \(b) y")
        #expect(pairs.map(\.0) == [a])
        #expect(pairs.map(\.1) == [b])
        #expect(Identifiers.pairs("\(a) \(a)", b).isEmpty)
        #expect(Identifiers.pairs(a, RecordingFolder.id("job", 2)).isEmpty)
        #expect(Identifiers.pairs(a, a).isEmpty)
    }

    @Test func secretIds_areIds_alsoBesideShorterOnesOfAnOlderRecording() {
        let long = SecretNumber(high: 1, low: .max).identifier("player", at: RecordingFolder.start)
        #expect(Identifiers.masked("<\(long)|\(a)>") == "<player_*|player_*>")
        #expect(Identifiers.pairs("x \(a)", "x \(long)").map(\.1) == [long])
        for text in ["\(long)0", String(long.dropLast()), long + "_"] {
            #expect(Identifiers.masked(text) == text)
        }
    }

    @Test func known_idsAreReplaced() {
        let text = Array("<\(a)|\(b)>".utf8)
        let result = Identifiers.rewritten(text) { $0 == a ? "me" : nil }
        #expect(String(decoding: result, as: UTF8.self) == "<me|\(b)>")
    }

    @Test func anyBytes_areTaken() {
        let seed: UInt64 = 0x1d5
        var random = SeededRandom(seed: seed)
        let alphabet = Array("_0a7zil-\"A".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int(random.next() % 80)).map { _ in
                alphabet[Int(random.next() % UInt64(alphabet.count))]
            }
            let ranges = Identifiers.ranges(in: bytes)
            var end = 0
            for range in ranges {
                #expect(range.lowerBound >= end && range.upperBound <= bytes.count, "seed \(seed)")
                end = range.upperBound
            }
            #expect(Identifiers.rewritten(bytes) { _ in nil } == bytes, "seed \(seed)")
        }
    }
}

@Suite struct AnswerComparisonTests {
    private func paths(
        _ recorded: String, _ live: String, status: Int = 200, redacted: [String] = []
    ) -> [String] {
        AnswerComparison(redacted: redacted)
            .differences(recorded: (status, recorded), live: (status, live)).map(\.path)
    }

    @Test func idsTimesAndTokens_doNotCount() {
        let (a, b) = (RecordingFolder.id("job", 1), RecordingFolder.id("job", 2))
        #expect(paths(#"{"id":"\#(a)","n":1}"#, #"{"n":1,"id":"\#(b)"}"#).isEmpty)
        #expect(paths(#"["2026-01-01T00:00:00Z"]"#, #"["2027-02-03T04:05:06.789+09:00"]"#).isEmpty)
        #expect(
            paths(
                #"{"expires_at":1,"expires_in":2,"retry_after":3,"reset":4,"instance":"a","traceparent":"b"}"#,
                #"{"expires_at":5,"expires_in":6,"retry_after":7,"reset":8,"instance":"c","traceparent":"d"}"#
            ).isEmpty)
        #expect(paths(#"{"token":"[redacted]"}"#, #"{"token":"abc"}"#).isEmpty)
        #expect(paths(#"{"x":{"y":"[redacted]"}}"#, #"{"x":{"y":{"z":[]}}}"#).isEmpty)
        #expect(paths(#"{"text":"see [redacted]."}"#, #"{"text":"see eyJ."}"#).isEmpty)
        #expect(paths(#"{"secret_plan":"a"}"#, #"{"secret_plan":"b"}"#, redacted: ["secret_plan"]).isEmpty)
        #expect(paths(#"{"detail":"a"}"#, #"{"detail":"b"}"#, status: 401).isEmpty)
        #expect(paths("", "").isEmpty)
    }

    @Test func everythingElse_counts() {
        #expect(paths(#"{"n":1}"#, #"{"n":2}"#) == ["answer.body.n"])
        #expect(paths(#"{"token":"[redacted]"}"#, #"{"token":null}"#) == ["answer.body.token"])
        #expect(paths(#"{"at":"2026-01-01T00:00:00Z"}"#, #"{"at":"soon"}"#) == ["answer.body.at"])
        #expect(paths(#"{"expires_at":{"a":1}}"#, #"{"expires_at":{"a":2}}"#) == ["answer.body.expires_at.a"])
        #expect(paths(#"{"detail":"a"}"#, #"{"detail":"b"}"#) == ["answer.body.detail"])
        #expect(paths(#"{"a":1}"#, "{}") == ["answer.body.a"])
        #expect(paths("{}", "not JSON") == ["answer.body"])
        #expect(paths("", "{}") == ["answer.body"])
        let (job, player) = (RecordingFolder.id("job", 1), RecordingFolder.id("player", 1))
        #expect(paths(#"{"id":"\#(job)"}"#, #"{"id":"\#(player)"}"#) == ["answer.body.id"])
        let found = AnswerComparison().differences(recorded: (202, "{}"), live: (429, "{}"))
        #expect(found.map(\.path) == ["answer.status"])
        #expect(found.map(\.recorded) == ["202"])
        #expect(found.map(\.replayed) == ["429"])
    }

    @Test(arguments: [
        ("answer", []), ("status", ["answer.body.n"]), ("body", ["answer.status"]), ("n", ["answer.status"]),
        ("answer.status", ["answer.body.n"]), ("body.n", ["answer.status"]),
        ("answer.body.n", ["answer.status"]), ("x", ["answer.status", "answer.body.n"]),
    ])
    func aMask_coversWhatItCoversInAReplay(_ field: String, _ paths: [String]) {
        let comparison = AnswerComparison(mask: DifferenceMask([field]))
        let found = comparison.differences(recorded: (202, #"{"n":1}"#), live: (429, #"{"n":2}"#))
        #expect(found.map(\.path) == paths)
    }

    @Test func differences_areLimited() {
        let recorded = "[" + (0..<100).map(String.init).joined(separator: ",") + "]"
        let live = "[" + (0..<100).map { String($0 + 1_000) }.joined(separator: ",") + "]"
        let comparison = AnswerComparison(limit: 7)
        #expect(comparison.differences(recorded: (200, recorded), live: (200, live)).count == 7)
    }
}

@Suite struct TrafficPlanTests {
    private func plan(_ folder: RecordingFolder) throws -> TrafficPlan {
        TrafficPlan(try folder.recording().invocations) { _ in true }
    }

    @Test func players_areClients_andSoAreAddresses() throws {
        var folder = try RecordingFolder()
        try folder.addPlayer(1)
        try folder.addPlayer(2)
        try folder.add("sign-in", .http(method: "POST", path: "/a"), status: 429, address: "x")
        try folder.add("sign-in", .http(method: "POST", path: "/a"), status: 429, address: "y")
        try folder.add("sign-in", .http(method: "POST", path: "/a"), status: 429, address: "x")
        let plan = try plan(folder)
        #expect(
            plan.clients.map { $0.map(\.invocation.position) } == [
                [1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 13], [12],
            ])
        #expect(plan.callers.isEmpty)
        #expect(plan.count == 13)
    }

    @Test func events_areInTheOrderOfTheirArrival() throws {
        var folder = try RecordingFolder()
        for after in [30, 10, 20, 10] as [Int64] {
            try folder.add("act", .http(method: "POST", path: "/a"), as: "p", after: after)
        }
        let plan = try plan(folder)
        #expect(plan.clients.first?.map(\.invocation.position) == [2, 4, 3, 1])
        #expect(plan.clients.first?.map(\.offset) == [.zero, .zero, .milliseconds(10), .milliseconds(20)])
        #expect(plan.callers.map(\.subject) == ["p"])
    }

    @Test func anEventWithoutClaims_isItsSocketsOwners() throws {
        var folder = try RecordingFolder()
        try folder.add("enter", .socket(event: "$connect", connection: "c", host: "h"), as: "p")
        try folder.add("act", .socket(event: "act", connection: "c", host: "h"))
        try folder.add("act", .socket(event: "act", connection: "d", host: "h"))
        let plan = try plan(folder)
        #expect(plan.clients.map { $0.map(\.caller?.subject) } == [["p", "p"], [nil]])
    }
}

@Suite struct LatencySummaryTests {
    @Test func percentiles_areTheNearestRank() {
        let hundred = LatencySummary((1...100).shuffled().map { .milliseconds($0) })
        #expect(hundred.p50 == .milliseconds(50))
        #expect(hundred.p90 == .milliseconds(90))
        #expect(hundred.p95 == .milliseconds(95))
        #expect(hundred.p99 == .milliseconds(99))
        #expect(hundred.max == .milliseconds(100))
        let five = LatencySummary([15, 20, 35, 40, 50].map { .milliseconds($0) })
        #expect(five.p50 == .milliseconds(35))
        #expect(five.p90 == .milliseconds(50))
        let one = LatencySummary([.seconds(3)])
        #expect([one.p50, one.p90, one.p95, one.p99, one.max].allSatisfy { $0 == .seconds(3) })
        #expect(LatencySummary([]).count == 0)
        #expect(LatencySummary([]).max == .zero)
    }
}
