import FoundationEssentials
import Game
import Glibc
import Net
import Runtime
import Synchronization
import TestSupport
import Wire

@testable import StoryModels

/// Server/server.py as a process of its own, one for all tests; it ends with the tests' process.
final class ModelServer: Sendable {
    struct Failure: Error {}

    static let shared = Result { try ModelServer() }

    let port: Int
    private let directory: TemporaryDirectory

    private init() throws {
        directory = try TemporaryDirectory()
        let pipe = directory.file("port")
        let script = URL(filePath: #filePath).appending(path: "../../Server/server.py").standardizedFileURL
            .path
        guard unsafe mkfifo(pipe, 0o600) == 0,
            unsafe popen("exec python3 '\(script)' > '\(pipe)'", "w") != nil
        else { throw Failure() }
        let descriptor = unsafe open(pipe, O_RDONLY)
        defer { close(descriptor) }
        var line = [UInt8](repeating: 0, count: 16)
        let count = unsafe read(descriptor, &line, line.count)
        guard count > 0, let port = Int(String(decoding: line[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
        else { throw Failure() }
        self.port = port
    }

    var host: String { "127.0.0.1:\(port)" }

    /// A model of a scenario, with a counter of its own under `tag`.
    func model(
        _ scenario: String, name: String = "test-model", key: String? = nil,
        breaker: CircuitBreaker = CircuitBreaker()
    ) -> LanguageModel {
        LanguageModel(url: "http://\(host)/\(scenario)/v1", name: name, key: key, breaker: breaker)
    }

    /// What was asked so far, of a scenario.
    func seen(_ scenario: String) throws -> [[String: JSONValue]] {
        let address = ModelAddress("http://\(host)/seen")
        guard let address else { throw Failure() }
        let end = Uptime.now + .seconds(10)
        let connection = try ClientConnection(
            to: address.peer, until: end, Patience(uptime: { Uptime.now }))
        try connection.send(Array("GET /seen HTTP/1.1\r\nHost: x\r\n\r\n".utf8), until: end)
        var parser = HTTPResponseParser()
        var content: [UInt8] = []
        while true {
            switch try parser.next() {
            case .needMore: parser.append(try connection.receive(until: end))
            case .head: break
            case .content(let bytes): content += bytes
            case .end:
                return try JSONDecoder().decode([[String: JSONValue]].self, from: Data(content))
                    .filter { $0["scenario"] == .string(scenario) }
            }
        }
    }
}

extension LanguageModel {
    /// The pieces of one answer.
    func pieces(
        _ prompt: StoryPrompt = .sample, hosts: [String]? = nil, patience: Duration = .seconds(20)
    ) async throws -> [StoryPiece] {
        var pieces: [StoryPiece] = []
        let allowed = hosts ?? [address.map { "\($0.host):\($0.port)" } ?? ""]
        for try await piece in generate(prompt, within: ModelAllowance(hosts: allowed, patience: patience)) {
            pieces.append(StoryPiece(recorded: piece))
        }
        return pieces
    }
}

extension [StoryPiece] {
    var text: String { reduce(into: "") { if case .text(let text) = $1 { $0 += text } } }
    var faults: [StoryFault] { compactMap { if case .fault(let fault, _) = $0 { fault } else { nil } } }
    var retries: [StoryFault] { compactMap { if case .retry(let fault, _) = $0 { fault } else { nil } } }
    var usage: TokenUsage? { compactMap { if case .usage(let usage) = $0 { usage } else { nil } }.last }
}

extension StoryPrompt {
    static var sample: StoryPrompt {
        StoryPrompt(
            language: .en, location: World.builtIn.locations[0], playerName: "Ayu", recent: ["It begins."],
            actions: [PromptAction(id: "a", type: .say, text: "Hello")], seed: 7)
    }
}
