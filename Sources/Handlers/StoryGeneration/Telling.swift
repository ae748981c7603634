internal import Base
internal import Game
internal import Functions

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
        "gestaloka_story_tokens_total",
        "Tokens that language models read (in) and wrote (out), by their own count or by estimate.")
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
    private let actionIDs: [String]
    private let obstacle: StoryFault?
    private var grant: StoryLedger.Grant?
    private var usage: TokenUsage?
    private var attempts = 0
    private var retries: [StoryFault] = []
    private var fallback: String?
    private var status: Int?

    /// Another process has told it meanwhile.
    struct AlreadyTold: Error {
        /// The journal's id of the story.
        let story: String
    }

    /// Asks who is about to tell of the actions, oldest first.
    init(_ model: any StoryModel, _ world: World, _ context: Context, actionIDs: [String]) async throws {
        self.model = model
        self.context = context
        self.actionIDs = actionIDs
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

    /// The passage for a prompt. Throws where not even the narrator can tell it, `RunAgain` where another process is at it,
    /// and `AlreadyTold`.
    ///
    /// What a model's answer may cost is reserved before it is asked; what it has cost is charged, whatever becomes of the
    /// telling: also where the player hangs up, or the time is over.
    mutating func passage(_ prompt: StoryPrompt) async throws -> Passage {
        guard isLanguageModel else { return try await passageOfPlainModel(prompt) }
        if let obstacle { return try await fallBack(to: prompt, because: obstacle.rawValue) }
        let secrets = PromptSecrets(seed: prompt.seed)
        try await begin(prompt, secrets)
        do {
            try Task.checkCancellation()
            guard try await isInBudget() else { return try await fallBack(to: prompt, because: "budget") }
            let passage = try await passage(prompt, AnswerCheck(secrets), secrets)
            // Where the claim ran out and another process has it: what that one tells counts.
            guard try await isStillOurs() else { throw RunAgain() }
            return passage
        } catch {
            log()
            if let grant {
                await context.conclude(
                    StoryLedger.handlerName,
                    StoryLedger.Input(
                        end: StoryLedger.End(actions: actionIDs, grant: grant, spent: usage?.total ?? 0)))
            }
            throw error
        }
    }

    /// Claims the actions and reserves what they may cost, in the store and at once.
    private mutating func begin(_ prompt: StoryPrompt, _ secrets: PromptSecrets) async throws {
        let rate = context.tokens
        let begin = StoryLedger.Begin(
            actions: actionIDs, by: context.process, lasts: context.limits.timeout.milliseconds,
            tokens: rate.map { _ in PromptMessages(prompt, secrets).tokens + TokenBudget.answer },
            window: rate.map { TokenEntry.window(of: context.now, $0) })
        let reply = try await context.call(
            StoryLedger.handlerName, StoryLedger.Input(begin: begin), as: "begin",
            for: StoryLedger.Output.self)
        if let story = reply?.story { throw AlreadyTold(story: story) }
        if let other = reply?.underWay {
            let until = Timestamp(milliseconds: other.until) - context.now
            let patience = context.remaining - (isJob ? context.limits.timeout / 2 : Self.reserve)
            guard patience > .zero else {
                throw Problem(.busy, "The story is just being told.", retryAfter: max(until, .seconds(1)))
            }
            try await context.wait(for: StoryClaim.self, other.action, within: min(patience, until)) {
                claim in
                claim?.telling != other.telling || claim?.story != nil || claim?.until != other.until
            }
        }
        grant = reply?.grant
    }

    /// A job that has waited for another process in vain comes back with all of its time to tell the story itself.
    private var isJob: Bool { if case .queue = context.trigger { true } else { false } }

    private func isInBudget() async throws -> Bool {
        guard let rate = context.tokens, let grant else { return true }
        for entry in grant.entries {
            guard try await TokenEntry.allows(rate, entry: entry.id, on: entry.stream, in: context) else {
                return false
            }
        }
        return true
    }

    private func isStillOurs() async throws -> Bool {
        guard let grant else { return true }
        for id in actionIDs {
            let claim = try await context.read(StoryClaim.self, id)
            guard claim?.telling == grant.telling, claim?.story == nil else { return false }
        }
        return true
    }

    /// Writes down that the actions are told, and what it has cost.
    func settle(as storyID: String) async throws {
        guard let grant else { return }
        for id in actionIDs {
            guard var claim = try await context.read(StoryClaim.self, id) else { continue }
            claim.story = storyID
            try context.save(claim)
        }
        try grant.settle(usage?.total ?? 0, in: context)
    }

    /// A model that costs nothing is trusted, and where it fails nothing is told.
    private mutating func passageOfPlainModel(_ prompt: StoryPrompt) async throws -> Passage {
        let (model, allowance) = (model, allowance)
        var answer = StoryAnswer()
        try await read(context.outside("model") { model.generate(prompt, within: allowance) }, into: &answer)
        return try Passage(parsing: answer.text)
    }

    private mutating func passage(
        _ prompt: StoryPrompt, _ check: AnswerCheck, _ secrets: PromptSecrets
    ) async throws -> Passage {
        var prompt = prompt
        var reason = ""
        asking: for name in ["model", "model-again"] {
            do {
                let (model, allowance, asked) = (model, allowance, prompt)
                attempts += 1
                var answer = StoryAnswer()
                do {
                    try await read(
                        context.outside(name) { model.generate(asked, within: allowance) }, into: &answer,
                        check)
                } catch {
                    try charge(answer, asked, secrets, isCut: true)
                    throw error
                }
                try charge(answer, asked, secrets)
                retries += answer.retries
                for fault in answer.retries { context.count(Self.tries, [("reason", fault.rawValue)]) }
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
        var answer = StoryAnswer()
        try await read(context.outside("narrator") { narrator.generate(prompt) }, into: &answer)
        return try Passage(parsing: answer.text)
    }

    /// What an answer has cost: what the model says, or else an estimate, unless it was never at work; and the prompt for
    /// each earlier try at which it was.
    private mutating func charge(
        _ answer: StoryAnswer, _ prompt: StoryPrompt, _ secrets: PromptSecrets, isCut: Bool = false
    ) throws {
        let isSpent = isCut || !answer.text.isEmpty || answer.fault?.isBeforeWork != true
        let input = PromptMessages(prompt, secrets).tokens
        let repeated = answer.retries.count { !$0.isBeforeWork }
        let last =
            answer.usage
            ?? (isSpent ? TokenUsage(input: input, output: TokenEstimate.tokens(in: answer.text)) : nil)
        guard last != nil || repeated > 0 else { return }
        let spent = (last ?? .zero) + TokenUsage(input: repeated * input, output: 0)
        usage = (usage ?? .zero) + spent
        let playerID = try context.playerID
        for (direction, tokens) in [("in", spent.input), ("out", spent.output)] {
            context.count(Self.tokens, [("direction", direction), ("player_id", playerID)], by: tokens)
        }
    }

    /// Reads an answer to its end, and shows the player what may be shown of it.
    private func read(_ text: OutsideText, into answer: inout StoryAnswer, _ check: AnswerCheck? = nil)
        async throws
    {
        guard context.hasAudience, let actionID = actionIDs.last else { return try await answer.read(text) }
        var deltas = StoryDeltas(check)
        var seq = 0
        let room = Room.player(try context.playerID)
        try await answer.read(text) { piece in
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

    /// What the log line says of it.
    func log() {
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
        context.log.set("tokens_in", .integer(Int64(usage.input)))
        context.log.set("tokens_out", .integer(Int64(usage.output)))
    }
}

extension StoryFault {
    /// Whether the model was not at work yet when it failed: such a call costs nothing.
    fileprivate var isBeforeWork: Bool {
        switch self {
        case .configuration, .host, .busy, .open, .nameNotFound, .connectionRefused, .tls, .connection,
            .loading,
            .refused, .schema, .context, .rate, .redirect:
            true
        default: false
        }
    }
}
