import Game
import Runtime
import Synchronization
import Testing

@testable import StoryModels

/// What real servers do that is no fault of theirs, against a server process that speaks as they do.
@Suite struct ServerShapeTests {
    private static let story = "The bell tolls twice. 潮の鐘が鳴る。 🔔\nSomebody laughs."

    private let server: ModelServer
    init() throws { server = try ModelServer.shared.get() }

    /// The bodies of what was asked so far.
    private func bodies(_ scenario: String) throws -> [[String: JSONValue]] {
        try server.seen(scenario).compactMap { request in
            if case .object(let body) = request["body"] { body } else { nil }
        }
    }

    private func roles(_ body: [String: JSONValue]) -> [String] {
        guard case .array(let messages) = body["messages"] else { return [] }
        return messages.compactMap { message in
            if case .object(let members) = message, case .string(let role) = members["role"] {
                role
            } else {
                nil
            }
        }
    }

    @Test(arguments: [
        "parts", "wholeparts", "jsonasstream", "streamasjson", "rawbreaks", "rawwhole", "halves", "nodone",
        "staysopen", "nolastchunk", "emptyfinish", "thinks", "thinksunopened", "twice", "reasons",
    ])
    func anyShape_isRead(_ scenario: String) async throws {
        let pieces = try await server.model(scenario).pieces()
        let passage = try AnswerCheck(PromptSecrets(seed: 7)).passage(of: pieces.text)
        #expect(passage.story == Self.story)
        #expect(pieces.faults == [] && pieces.retries == [])
        #expect(pieces.usage != nil)
        #expect(!pieces.text.contains("thought") && !pieces.text.contains("nobody may see"))
    }

    @Test func halvesOfACharacter_areOneText() async throws {
        let pieces = try await server.model("halves").pieces()
        #expect(try Passage(parsing: pieces.text).story == Self.story)
    }

    @Test func silence_countsFromTheFirstWord() async throws {
        let model = LanguageModel(
            url: "http://\(server.host)/headfirst/v1", name: "m", key: nil, breaker: CircuitBreaker(),
            silence: .milliseconds(200))
        #expect(try await model.pieces().faults == [])
        let stalling = LanguageModel(
            url: "http://\(server.host)/stall/v1", name: "m", key: nil, breaker: CircuitBreaker(),
            silence: .milliseconds(200))
        #expect(try await stalling.pieces().faults == [.timeout])
    }

    @Test(arguments: ["unnamed", "unprocessable", "streamerror"])
    func aSchemaThatIsRefused_isLeftOut_andForTheServerAtOnce(_ scenario: String) async throws {
        let model = server.model(scenario)
        let first = try await model.pieces()
        #expect(first.retries == [.schema] && first.faults == [])
        #expect(try await model.pieces().retries == [])
        #expect(model.known.withLock { $0.dialect.missing } == [.schema])
    }

    @Test(arguments: [("stubborn-counted", 2), ("toolarge", 2), ("filtered", 1)])
    func whatDoesNotHelp_isForgotten_andOpensNoBreaker(_ scenario: String, _ requests: Int) async throws {
        let model = server.model(scenario)
        let before = try server.seen(scenario).count
        for _ in 0..<6 {
            let faults = try await model.pieces().faults
            #expect(faults == [scenario == "filtered" ? .filtered : .refused])
        }
        #expect(try server.seen(scenario).count == before + 6 * requests)
        #expect(model.known.withLock { $0.dialect } == Dialect())
        #expect(model.known.withLock { $0.breaker.state } == .closed(failures: 0))
    }

    @Test func aSchemaWhoseLengthsAreRefused_staysWithoutThem() async throws {
        let model = server.model("lengths")
        #expect(try await model.pieces().retries == [.schema])
        #expect(model.known.withLock { $0.dialect.missing } == [.lengths])
        #expect(try bodies("lengths").last?["response_format"] != nil)
    }

    @Test func aTemplateWithoutASystemRole_getsOneMessage() async throws {
        let model = server.model("nosystem")
        let pieces = try await model.pieces()
        #expect(pieces.retries == [.refused] && pieces.faults == [])
        let last = try #require(try bodies("nosystem").last)
        #expect(roles(last) == ["user"])
        #expect(last["response_format"] != nil)
        #expect("\(last)".contains("game master") && "\(last)".contains("Hello"))
    }

    @Test(arguments: ["context", "contextsum"])
    func aPromptOverTheContext_isMadeShorter_andThoseAfterItBegin(_ scenario: String) async throws {
        let model = server.model(scenario)
        let long = StoryPrompt.long
        let first = try await model.pieces(long)
        #expect(first.faults == [] && Set(first.retries) == [.context])
        let second = try await model.pieces(long)
        #expect(second.faults == [] && second.retries == [])
        #expect(second.usage == TokenUsage(input: 321, output: 45))
        #expect(model.known.withLock { $0.breaker.state } == .closed(failures: 0))
        // What the player just did is in it, however short it is.
        #expect(try "\(#require(bodies(scenario).last))".contains("the very last thing"))
    }

    @Test(arguments: [
        ("contextunsaid", [StoryFault.empty, .context]), ("contextnever", [.empty, .empty]),
    ])
    func aPromptOverTheContext_isMadeShorter_whereAStreamIsJustEmpty(
        _ scenario: String, _ retries: [StoryFault]
    ) async throws {
        let model = server.model(scenario)
        let first = try await model.pieces(.long)
        #expect(first.faults == [] && first.retries == retries)
        #expect(try await model.pieces(.long).retries == [])
        #expect(try bodies(scenario).last?["stream"] == .bool(true))
    }

    /// The server counts the whole answer that is asked for, and the prompt has nothing that could be left out.
    @Test func anAnswerOverTheContext_isAskedForShorter() async throws {
        let model = server.model("contextsum-short")
        let pieces = try await model.pieces()
        #expect(pieces.faults == [] && pieces.retries == [.context])
        #expect(model.known.withLock { $0.dialect.answerTokens } == 600)
    }

    @Test func aContextThatNoPromptFitsInto_opensNoBreaker() async throws {
        let model = server.model("tiny")
        for _ in 0..<6 { #expect(try await model.pieces(.long).faults == [.context]) }
        #expect(model.known.withLock { $0.breaker.state } == .closed(failures: 0))
        #expect(model.known.withLock { $0.dialect } == Dialect())
    }

    @Test func anAnswerThatTheContextCuts_shortensTheNextPrompt() async throws {
        let model = server.model("fullcontext")
        #expect(try await model.pieces().faults == [.length])
        #expect(model.known.withLock { $0.dialect.promptTokens } != nil)
        #expect(try await model.pieces().faults == [])
    }

    @Test func anAnswerThatIsCutAtItsLength_isSaid() async throws {
        let model = server.model("length")
        let pieces = try await model.pieces()
        #expect(pieces.faults == [.length] && pieces.usage == TokenUsage(input: 321, output: 45))
        #expect(model.known.withLock { $0.breaker.state } == .closed(failures: 0))
    }

    @Test func aModelThatIsLoading_isWaitedFor() async throws {
        // More often than any other fault.
        let pieces = try await server.model("loading").pieces(patience: .seconds(60))
        #expect(pieces.retries == Array(repeating: .loading, count: 4) && pieces.faults == [])
        #expect(try await server.model("laterdate").pieces().retries == [.server])
        // As long as it takes, but no longer than there is time.
        var backOff = BackOff(seed: 1)
        let wait = backOff.wait(after: 100, retryAfter: nil, before: .seconds(3), isLoading: true)
        #expect(wait != nil)
        let late = backOff.wait(after: 100, retryAfter: .seconds(4), before: .seconds(3), isLoading: true)
        #expect(late == nil)
    }

    @Test func aDateToComeBackAt_isUnderstood() async throws {
        #expect(try await server.model("hourlater").pieces() == [.fault(.rate, status: 429)])
    }

    @Test func aServerThatDiesBeforeAWord_isAskedAgain() async throws {
        let pieces = try await server.model("dies").pieces()
        #expect(pieces.retries == [.connection, .empty, .connection] && pieces.faults == [])
        #expect(try await server.model("empty").pieces().retries == [.empty])
        #expect(try await server.model("streamrate").pieces().retries == [.rate])
    }
}

extension StoryPrompt {
    /// As long as a prompt gets.
    fileprivate static var long: StoryPrompt {
        let words = String(repeating: "and then there was more of it ", count: 30)
        let actions = (0..<12).map { PromptAction(id: "a\($0)", type: .do, text: "\($0) \(words)") }
        return StoryPrompt(
            language: .en, location: World.builtIn.locations[0], playerName: "Ayu",
            recent: (0..<3).map { "\($0) \(words)\(words)" },
            actions: actions + [PromptAction(id: "b", type: .say, text: "the very last thing")], seed: 7)
    }
}
