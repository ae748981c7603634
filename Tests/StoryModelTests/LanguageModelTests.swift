import Game
import Runtime
import Synchronization
import Testing

@testable import StoryModels

/// Against a server process over real sockets.
@Suite struct LanguageModelTests {
    private let server: ModelServer
    init() throws { server = try ModelServer.shared.get() }

    @Test(arguments: ["good", "slow", "untilend", "comments", "whole", "redirect"])
    func anAnswer_comesWithItsUsage(_ scenario: String) async throws {
        let pieces = try await server.model(scenario).pieces()
        let passage = try Passage(parsing: pieces.text)
        #expect(passage.story == "The bell tolls twice. 潮の鐘が鳴る。 🔔\nSomebody laughs.")
        #expect(pieces.usage == TokenUsage(input: 321, output: 45))
        #expect(pieces.faults == [] && pieces.retries == [])
        if scenario == "slow" { #expect(pieces.count > 20) }
    }

    @Test func aServerThatCountsNoTokens_isCountedFor() async throws {
        let usage = try #require(try await server.model("nousage").pieces().usage)
        #expect(usage.input > 300 && usage.output > 40)
    }

    @Test func theRequest_hasTheModelTheMessagesAndTheKey() async throws {
        _ = try await server.model("good", name: "named", key: "sk-test").pieces()
        let seen = try server.seen("good").filter { request in
            guard case .object(let body) = request["body"] else { return false }
            return body["model"] == .string("named")
        }
        let request = try #require(seen.first)
        guard case .object(let headers) = request["headers"], case .object(let body) = request["body"],
            case .array(let messages) = body["messages"]
        else {
            Issue.record("\(request)")
            return
        }
        #expect(headers["authorization"] == .string("Bearer sk-test"))
        #expect(headers["host"] == .string(server.host))
        #expect(body["stream"] == .bool(true))
        #expect(messages.count == 2)
        guard case .object(let format) = body["response_format"] else {
            Issue.record("no format")
            return
        }
        #expect(format["type"] == .string("json_schema"))
    }

    @Test(arguments: [
        ("noschema", [StoryFault.schema]), ("llama", [.schema]), ("newer", [.refused, .refused]),
    ])
    func whatAServerRefuses_isLeftOut_andNotTriedAgain(_ scenario: String, _ retries: [StoryFault])
        async throws
    {
        let model = server.model(scenario)
        let first = try await model.pieces()
        #expect(first.retries == retries)
        #expect(throws: Never.self) { try Passage(parsing: first.text) }
        let second = try await model.pieces()
        #expect(second.retries == [])
        #expect(throws: Never.self) { try Passage(parsing: second.text) }
    }

    @Test func whatPasses_isTriedAgain() async throws {
        #expect(try await server.model("busyonce").pieces().retries == [.rate])
        let flaky = try await server.model("flaky").pieces()
        #expect(flaky.retries == [.server, .server])
        #expect(flaky.faults == [])
    }

    @Test func aServerThatAsksForMoreTimeThanThereIs_isNotWaitedFor() async throws {
        #expect(try await server.model("busyfor").pieces() == [.fault(.rate, status: 429)])
    }

    @Test func theKey_isNowhereInWhatComes() async throws {
        for scenario in ["broken", "key"] {
            let pieces = try await server.model(scenario, key: "sk-secret").pieces(patience: .seconds(2))
            #expect(pieces.faults.count == 1)
            #expect(!pieces.map(\.recorded).joined().contains("sk-secret"))
        }
        #expect(try await server.model("key", key: "k").pieces() == [.fault(.refused, status: 401)])
    }

    @Test(arguments: [
        ("half", StoryFault.cut), ("halfevent", .cut), ("longer", .cut), ("shorter", .cut),
        ("error", .server),
        ("moved", .redirect), ("elsewhere", .redirect), ("round", .redirect), ("garbage", .protocolError),
        ("endless", .tooLong),
    ])
    func aBrokenAnswer_isAFault(_ scenario: String, _ fault: StoryFault) async throws {
        #expect(try await server.model(scenario).pieces().faults == [fault])
    }

    @Test func silence_endsWithTheTime() async throws {
        #expect(
            try await server.model("silent").pieces(patience: .milliseconds(2_500)).faults == [.slowFirstWord]
        )
        #expect(try await server.model("stall").pieces(patience: .milliseconds(700)).faults == [.timeout])
        #expect(try await server.model("good").pieces(patience: .milliseconds(100)) == [.fault(.timeout)])
    }

    @Test func nobodyThere_isTriedAgain_asLongAsThereIsTime() async throws {
        let model = LanguageModel(url: "http://127.0.0.1:1/v1", name: "m", key: nil)
        let pieces = try await model.pieces(patience: .milliseconds(900))
        #expect(pieces.faults == [.connectionRefused])
        #expect(!pieces.retries.isEmpty)
        let unknown = LanguageModel(url: "http://nowhere.invalid/v1", name: "m", key: nil)
        let faults = try await unknown.pieces(hosts: ["nowhere.invalid"], patience: .milliseconds(600)).faults
        #expect(faults == [.nameNotFound] || faults == [.timeout])
    }

    @Test func aServerWithoutTLS_isNotTrusted() async throws {
        let model = LanguageModel(url: "https://\(server.host)/good/v1", name: "m", key: "sk-secret")
        let faults = try await model.pieces(patience: .milliseconds(800)).faults
        #expect(faults == [.tls] || faults == [.timeout])
    }

    @Test func onlyListedHosts_areReached() async throws {
        let model = server.model("good")
        for hosts in [[], ["127.0.0.1"], ["127.0.0.1:1"], ["localhost:\(server.port)"]] {
            #expect(try await model.pieces(hosts: hosts) == [.fault(.host)])
            #expect(model.obstacle(hosts: hosts) == .host)
            #expect(model.objections(hosts: hosts).count == 1)
        }
        #expect(model.objections(hosts: [server.host]) == [])
    }

    @Test(arguments: ["", "ftp://x/", "http://", "http://a b/", "http://user:pw@x/", "x"])
    func anAddressThatIsNone_isSaid(_ url: String) async throws {
        let model = LanguageModel(url: url, name: "m", key: nil)
        #expect(model.obstacle(hosts: []) == .configuration)
        #expect(model.objections(hosts: []).count == 1)
        #expect(try await model.pieces() == [.fault(.configuration)])
    }

    @Test func failuresInARow_openTheBreaker_andATrialClosesIt() async throws {
        let time = Mutex(Duration.zero)
        let limits = CircuitBreaker.Limits(failures: 2, wait: .seconds(10), longestWait: .seconds(20))
        let model = LanguageModel(
            url: "http://\(server.host)/key/v1", name: "m", key: nil, breaker: CircuitBreaker(limits: limits),
            uptime: { time.withLock { $0 } + Uptime.now })
        for _ in 0..<2 { #expect(try await model.pieces().faults == [.refused]) }
        #expect(try await model.pieces() == [.fault(.open)])
        time.withLock { $0 += .seconds(11) }
        #expect(try await model.pieces().faults == [.refused])
        #expect(try await model.pieces() == [.fault(.open)])
        model.known.withLock { $0.breaker.succeeded() }
        #expect(try await model.pieces().faults == [.refused])
    }

    @Test func aReaderThatGoesAway_endsTheRequest() async throws {
        let before = try server.seen("gone").count
        let model = server.model("stall")
        let task = Task {
            for try await _ in model.generate(
                .sample, within: ModelAllowance(hosts: [server.host], patience: .seconds(60)))
            {
                return
            }
        }
        _ = await task.result
        // The server sees the connection close, long before the time is over.
        while try server.seen("gone").count == before { await Task.yield() }
        while model.known.withLock({ $0.requests }) > 0 { await Task.yield() }
        #expect(model.known.withLock { $0.breaker.state } == .closed(failures: 0))
    }

    @Test func theEnvironment_namesTheModel() {
        #expect(LanguageModel.fromEnvironment([:]) == nil)
        #expect(LanguageModel.fromEnvironment(["STORY_MODEL_URL": ""]) == nil)
        let model = LanguageModel.fromEnvironment([
            "STORY_MODEL_URL": "http://localhost:11434/v1/", "STORY_MODEL": "llama3",
        ])
        #expect(model?.name == "llama3")
        #expect(model?.address?.target == "/v1/chat/completions")
        #expect(model?.objections(hosts: ["localhost:11434"]) == [])
        #expect(
            LanguageModel.fromEnvironment(["STORY_MODEL_URL": "http://x"])?.objections(hosts: ["x"]).count
                == 1)
    }
}
