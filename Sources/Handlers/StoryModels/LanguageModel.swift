internal import Base
internal import FoundationEssentials
public import Game
internal import Net
internal import Synchronization

/// A language model on a server that has OpenAI's interface for chat completions: a hosted one, or Ollama, vLLM or
/// llama.cpp on one's own machine.
///
/// One value serves all invocations. It holds what is known of the server - whether it is up, what it takes - and
/// nothing of any story. Neither the key nor any text of the server's leaves it but the answer's.
public final class LanguageModel: StoryModel {
    /// At most so many requests at the same time; one more is answered by the narrator.
    static let maximumRequests = 64
    /// A request for which there is less time is not made.
    static let shortest = Duration.milliseconds(500)
    /// With less time than this, to be too slow says nothing of the model.
    static let fairTime = Duration.seconds(5)

    struct Known {
        var breaker = CircuitBreaker()
        var dialect = Dialect()
        var requests = 0
    }

    public let name: String
    public let isLanguageModel = true
    let address: ModelAddress?
    let key: String?
    let silence: Duration
    let uptime: @Sendable () -> Duration
    let known: Mutex<Known>

    /// The model `name` at `url`, the server's base (`https://api.openai.com/v1`) or its chat completions themselves.
    /// `uptime` is the time that waits are measured by.
    public convenience init(
        url: String, name: String, key: String?, uptime: (@Sendable () -> Duration)? = nil
    ) {
        self.init(url: url, name: name, key: key, breaker: CircuitBreaker(), uptime: uptime)
    }

    init(
        url: String, name: String, key: String?, breaker: CircuitBreaker,
        silence: Duration = .seconds(20), uptime: (@Sendable () -> Duration)? = nil
    ) {
        self.name = name
        self.silence = silence
        address = ModelAddress(completionsOf: url)
        // What cannot stand in a header would end it.
        self.key = key.flatMap { key in
            !key.isEmpty && key.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? key : nil
        }
        self.uptime = uptime ?? { Uptime.now }
        known = Mutex(Known(breaker: breaker))
    }

    /// The model that the environment names by `STORY_MODEL_URL`, `STORY_MODEL` and `STORY_MODEL_KEY`; nil where the
    /// first is unset or empty.
    public static func fromEnvironment(_ environment: [String: String]? = nil) -> LanguageModel? {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let url = environment["STORY_MODEL_URL"], !url.isEmpty else { return nil }
        let name = environment["STORY_MODEL"] ?? ""
        return LanguageModel(url: url, name: name, key: environment["STORY_MODEL_KEY"])
    }

    public func obstacle(hosts: [String]) -> StoryFault? {
        guard let address, !name.isEmpty else { return .configuration }
        return address.isAllowed(by: hosts) ? nil : .host
    }

    public func objections(hosts: [String]) -> [String] {
        guard let address else {
            return ["STORY_MODEL_URL is not an http or https URL such as https://api.openai.com/v1"]
        }
        var lines: [String] = []
        if name.isEmpty { lines.append("STORY_MODEL must name the model that STORY_MODEL_URL serves") }
        if !address.isAllowed(by: hosts) {
            lines.append("STORY_MODEL_URL is at \(address.authority), which 'hosts' does not list")
        }
        return lines
    }

    public func generate(_ prompt: StoryPrompt, within allowance: ModelAllowance) -> AsyncThrowingStream<
        String, any Error
    > {
        let (stream, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
        func refuse(_ fault: StoryFault) -> AsyncThrowingStream<String, any Error> {
            continuation.yield(StoryPiece.fault(fault).recorded)
            continuation.finish()
            return stream
        }
        guard let address, !name.isEmpty else { return refuse(.configuration) }
        guard address.isAllowed(by: allowance.hosts) else { return refuse(.host) }
        guard allowance.patience >= Self.shortest else { return refuse(.timeout) }
        let now = uptime()
        let refusal: StoryFault? = known.withLock { known in
            guard known.requests < Self.maximumRequests else { return .busy }
            guard known.breaker.admits(at: now) else { return .open }
            known.requests += 1
            return nil
        }
        if let refusal { return refuse(refusal) }
        do throws(SystemError) {
            let patience = Patience(cancellation: try Bell(), uptime: uptime)
            continuation.onTermination = { _ in patience.cancellation?.ring() }
            // A thread of its own, for it waits for a socket; a request takes seconds, to start one some microseconds.
            try SystemThread(named: "story-model") { [self] in
                var request = ModelRequest(self, prompt, allowance, at: address, patience) { piece in
                    continuation.yield(piece.recorded)
                }
                request.run()
                continuation.finish()
            }.detach()
        } catch {
            known.withLock { known in
                known.requests -= 1
                known.breaker.abandoned(at: now)
            }
            return refuse(.busy)
        }
        return stream
    }
}
