internal import Game
internal import Runtime
internal import Store

/// The way from a prompt to a passage: who tells it, what it costs, and what is done about a bad answer.
struct Telling {
    /// The event `story_delta`; its fields stand in the order of their names, in which they are encoded.
    private struct Delta: Encodable {
        let actionID: String
        let seq: Int
        let text: String

        private enum CodingKeys: String, CodingKey {
            case actionID = "action_id"
            case seq, text
        }
    }

    private static let tokens = Metrics.Counter(
        "gestaloka_story_tokens_total", "Tokens that language models read (in) and wrote (out).")
    private static let fallbacks = Metrics.Counter(
        "gestaloka_story_fallbacks_total", "Passages that the narrator told in a model's place, by reason.")
    private static let tries = Metrics.Counter(
        "gestaloka_story_retries_total", "Times that a model was asked once more for one answer, by reason.")
    private static let badAnswers = Metrics.Counter(
        "gestaloka_story_bad_answers_total", "Answers of models that were refused, by reason.")

    /// What is left for the narrator and the commit.
    private static let reserve = Duration.milliseconds(1_500)

    let isLanguageModel: Bool
    /// What told the passage.
    private(set) var teller: String
    private let model: any StoryModel
    private let narrator: Narrator
    private let context: Context
    private let actionID: String
    private let obstacle: StoryFault?
    private var usage: TokenUsage?
    private var attempts = 0
    private var retries: [StoryFault] = []
    private var fallback: String?
    private var status: Int?

    /// Asks who is about to tell.
    init(_ model: any StoryModel, _ world: World, _ context: Context, actionID: String) async throws {
        self.model = model
        self.context = context
        self.actionID = actionID
        narrator = Narrator(world: world)
        var name: String?
        var obstacle: StoryFault?
        let hosts = context.hosts
        for try await piece in context.outside("teller", { model.introduction(hosts: hosts) }) {
            switch StoryPiece(recorded: piece) {
            case .teller(let teller): name = teller
            case .fault(let fault, _): obstacle = fault
            default: break
            }
        }
        isLanguageModel = name != nil
        teller = name ?? model.name
        self.obstacle = obstacle
    }

    /// The passage for a prompt. Throws where not even the narrator can tell it.
    mutating func passage(_ prompt: StoryPrompt) async throws -> Passage {
        guard isLanguageModel else { return try await passageOfPlainModel(prompt) }
        if let obstacle { return try await fallBack(to: prompt, because: obstacle.rawValue) }
        var budget: TokenBudget?
        if let rate = context.limits.tokens {
            let kept = try TokenBudget.of(context.playerID, rate, in: context)
            guard try kept.allows(rate, in: context) else {
                return try await fallBack(to: prompt, because: "budget")
            }
            budget = kept
        }
        let check = AnswerCheck(PromptSecrets(seed: prompt.seed))
        let passage = try await passage(prompt, check)
        if var budget, let usage, usage.total > 0 {
            try budget.spend(usage, in: context)
        }
        return passage
    }

    /// A model that costs nothing is trusted, and where it fails nothing is told.
    private mutating func passageOfPlainModel(_ prompt: StoryPrompt) async throws -> Passage {
        let (model, allowance) = (model, allowance)
        let answer = try await answer(
            context.outside("model") { model.generate(prompt, within: allowance) }, nil)
        return try Passage(parsing: answer.text)
    }

    private mutating func passage(_ prompt: StoryPrompt, _ check: AnswerCheck) async throws -> Passage {
        var prompt = prompt
        var reason = ""
        asking: for name in ["model", "model-again"] {
            do {
                let (model, allowance, asked) = (model, allowance, prompt)
                attempts += 1
                let answer = try await answer(
                    context.outside(name) { model.generate(asked, within: allowance) }, check)
                retries += answer.retries
                for fault in answer.retries { context.count(Self.tries, [("reason", fault.rawValue)]) }
                if let spent = answer.usage { usage = (usage ?? .zero) + spent }
                guard let fault = answer.fault else { return try check.passage(of: answer.text) }
                // It went on behind its answer.
                if fault == .length, let passage = try? check.passage(of: answer.text) { return passage }
                reason = fault.rawValue
                status = answer.status
                break asking
            } catch let error as PassageError {
                reason = error.reason
                prompt = prompt.again(because: error.complaint)
                context.count(Self.badAnswers, [("reason", reason)])
            } catch let error as CancellationError {
                throw error
            } catch {
                reason = "failure"
                break asking
            }
        }
        return try await fallBack(to: prompt, because: reason)
    }

    private mutating func fallBack(to prompt: StoryPrompt, because reason: String) async throws -> Passage {
        try Task.checkCancellation()
        fallback = reason
        context.count(Self.fallbacks, [("reason", reason)])
        teller = narrator.name
        let narrator = narrator
        let answer = try await answer(context.outside("narrator") { narrator.generate(prompt) }, nil)
        return try Passage(parsing: answer.text)
    }

    /// Reads an answer to its end, and shows the player what may be shown of it.
    private func answer(_ text: OutsideText, _ check: AnswerCheck?) async throws -> StoryAnswer {
        guard context.hasAudience else { return try await StoryAnswer(reading: text) }
        var deltas = StoryDeltas(check)
        var seq = 0
        let room = Room.player(try context.playerID)
        return try await StoryAnswer(reading: text) { piece in
            let shown = deltas.read(piece)
            guard !shown.isEmpty else { return }
            try context.live("story_delta", Delta(actionID: actionID, seq: seq, text: shown), to: [room])
            seq += 1
        }
    }

    /// What a model may use: so much time that the narrator can still tell in its place.
    private var allowance: ModelAllowance {
        ModelAllowance(hosts: context.hosts, patience: max(.zero, context.remaining - Self.reserve))
    }

    /// What the log line and the metrics say of it.
    func log() throws {
        context.log.set("model", teller)
        guard isLanguageModel else { return }
        if attempts > 0 { context.log.set("attempts", .integer(Int64(attempts))) }
        if !retries.isEmpty {
            context.log.set("retries", .integer(Int64(retries.count)))
            context.log.set("retried", Set(retries.map(\.rawValue)).sorted().joined(separator: ","))
        }
        if let fallback {
            context.log.set("fallback", fallback)
            context.log.warn()
        }
        if let status { context.log.set("model_status", .integer(Int64(status))) }
        guard let usage else { return }
        let playerID = try context.playerID
        context.log.set("tokens_in", .integer(Int64(usage.input)))
        context.log.set("tokens_out", .integer(Int64(usage.output)))
        for (direction, tokens) in [("in", usage.input), ("out", usage.output)] {
            context.count(Self.tokens, [("direction", direction), ("player_id", playerID)], by: tokens)
        }
    }
}
