internal import Game
internal import Functions
internal import Net
internal import Synchronization

/// All that is done to get one answer: attempts, waits, redirects, and what is learnt from them. Belongs to the thread
/// that runs it.
struct ModelRequest {
    /// How many redirects are followed.
    private static let maximumRedirects = 3

    private let model: LanguageModel
    private let prompt: StoryPrompt
    private let hosts: [String]
    private let patience: Patience
    private let allowed: Duration
    private let end: Duration
    private let say: (StoryPiece) -> Void
    private var messages: PromptMessages
    private var lesson: Lesson
    private var address: ModelAddress
    private var backOff: BackOff
    private var attempt = 1
    /// Whether the answer is asked for as a stream.
    private var isStreamed = true

    init(
        _ model: LanguageModel, _ prompt: StoryPrompt, _ allowance: ModelAllowance, at address: ModelAddress,
        _ patience: Patience, say: @escaping (StoryPiece) -> Void
    ) {
        self.model = model
        self.address = address
        self.patience = patience
        self.say = say
        hosts = allowance.hosts
        allowed = allowance.patience
        end = patience.uptime() + allowance.patience
        self.prompt = prompt
        backOff = BackOff(seed: prompt.seed)
        lesson = Lesson(model.known.withLock { $0.dialect })
        messages = Self.messages(prompt, lesson.dialect)
    }

    /// As much of a prompt as the server takes.
    private static func messages(_ prompt: StoryPrompt, _ dialect: Dialect) -> PromptMessages {
        var budget = PromptMessages.Budget()
        budget.total = min(budget.total, dialect.promptTokens ?? .max)
        return PromptMessages(prompt, PromptSecrets(seed: prompt.seed), budget: budget)
    }

    /// Asks until there is an answer or no more hope for one; what it comes to has been said when it returns.
    mutating func run() {
        var redirects = 0
        while true {
            let body = ChatRequest(
                model: model.name, messages, lesson.dialect, isStreamed: isStreamed
            ).body
            var exchange = ChatExchange(
                to: address, key: model.key, until: end, silence: model.silence, patience)
            let outcome = exchange.run(body) { say(.text($0)) }
            if patience.isCancelled { return conclude(nil) }
            if exchange.hasSpoken {
                say(.usage(usage(of: exchange)))
                remember(exchange, outcome)
            }
            switch outcome {
            case .whole: return conclude(nil, hasAnswered: true)
            case .cancelled: return conclude(nil)
            case .redirect(let location):
                redirects += 1
                guard let next = address.redirected(to: location), next.isAllowed(by: hosts),
                    next.isSecure || !address.isSecure, redirects <= Self.maximumRedirects
                else { return conclude(.redirect) }
                address = next
            case .refused(let refusal): guard goesOn(after: refusal) else { return }
            case .fault(let fault, let status, let retryAfter):
                guard !exchange.hasSpoken else { return conclude(fault, status: status) }
                guard goesOn(after: fault, status, retryAfter) else { return }
                if fault == .empty { askOtherwise() }
            }
        }
    }

    /// After an answer without a word: some servers stream nothing where the prompt is over their context, and say so only
    /// without a stream (llama-cpp-python), or never.
    private mutating func askOtherwise() {
        if !isStreamed, lesson.fit(context: nil, spent: nil, estimate: messages.tokens) {
            messages = Self.messages(prompt, lesson.dialect)
        }
        isStreamed.toggle()
    }

    /// Keeps for the server what an answer has come with. An answer that was cut by the context shows its size.
    private func remember(_ exchange: ChatExchange, _ outcome: ChatExchange.End) {
        var learnt = lesson.dialect
        if outcome == .fault(.length), let usage = exchange.usage, learnt.promptTokens == nil,
            usage.output < learnt.answerTokens
        {
            learnt.fit(context: usage.total, spent: usage.input, estimate: messages.tokens)
        }
        model.known.withLock { $0.dialect = $0.dialect.merged(learnt) }
    }

    /// Learns from a refusal, or waits; false where nothing can be tried otherwise, and that has been said.
    private mutating func goesOn(after refusal: Refusal) -> Bool {
        let status = refusal.status
        isStreamed = true
        switch refusal.meaning {
        case .loading: return goesOn(after: .loading, status, refusal.retryAfter)
        case .failure: return goesOn(after: .server, status, refusal.retryAfter)
        case .filtered: return goesOn(after: .filtered, status, nil)
        case .context(let limit, let spent):
            let refused = (prompt: messages.tokens, answer: lesson.dialect.answerTokens)
            guard lesson.fit(context: limit, spent: spent, estimate: refused.prompt) else {
                return goesOn(after: .context, status, nil)
            }
            messages = Self.messages(prompt, lesson.dialect)
            guard messages.tokens < refused.prompt || lesson.dialect.answerTokens < refused.answer else {
                return goesOn(after: .context, status, nil)
            }
            say(.retry(fault: .context, wait: 0))
            return true
        case .unsupported(let traits):
            guard let trait = lesson.leaveOut(oneOf: traits) else {
                return goesOn(after: status < 500 ? .refused : .server, status, refusal.retryAfter)
            }
            say(.retry(fault: trait == .schema || trait == .lengths ? .schema : .refused, wait: 0))
            return true
        }
    }

    /// Waits before the next attempt; false where there is none, and the fault has been said.
    private mutating func goesOn(after fault: StoryFault, _ status: Int?, _ retryAfter: Duration?) -> Bool {
        let left = end - patience.uptime()
        guard Self.isPassing(fault),
            let wait = backOff.wait(
                after: attempt, retryAfter: retryAfter, before: left, isLoading: fault == .loading)
        else {
            conclude(fault, status: status)
            return false
        }
        attempt += 1
        say(.retry(fault: fault, wait: Int(clamping: Int64(wait / .milliseconds(1)))))
        if patience.wait(until: patience.uptime() + wait) == .cancelled {
            conclude(nil)
            return false
        }
        return true
    }

    /// Whether it may be otherwise at the next attempt; none of these has cost anything.
    private static func isPassing(_ fault: StoryFault) -> Bool {
        switch fault {
        case .rate, .server, .loading, .empty, .nameNotFound, .connectionRefused, .tls, .connection: true
        default: false
        }
    }

    /// By the server's count, or else by our own.
    private func usage(of exchange: ChatExchange) -> TokenUsage {
        exchange.usage ?? TokenUsage(input: messages.tokens, output: exchange.outputTokens)
    }

    /// What an end says of the server, for the circuit breaker.
    private enum Health { case well, ill, unknown }

    private func health(_ fault: StoryFault, _ status: Int?) -> Health {
        switch fault {
        case .tooLong, .length, .filtered: .well
        // A request too long for it, or that it does not take, is no fault of the server's, and none of others' requests.
        case .context, .schema: .unknown
        case .refused where status == 400 || status == 413 || status == 422: .unknown
        case .timeout, .slowFirstWord: allowed < LanguageModel.fairTime ? .unknown : .ill
        default: .ill
        }
    }

    private func conclude(_ fault: StoryFault?, status: Int? = nil, hasAnswered: Bool = false) {
        if let fault { say(.fault(fault, status: status)) }
        let now = patience.uptime()
        let health: Health = fault.map { self.health($0, status) } ?? (hasAnswered ? .well : .unknown)
        model.known.withLock { known in
            known.requests -= 1
            switch health {
            case .well: known.breaker.succeeded()
            case .ill: known.breaker.failed(at: now)
            case .unknown: known.breaker.abandoned(at: now)
            }
        }
    }
}
