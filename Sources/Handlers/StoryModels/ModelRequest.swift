internal import Game
internal import Runtime
internal import Synchronization

/// All that is done to get one answer: attempts, waits, redirects, and what is learnt from them. Belongs to the thread
/// that runs it.
struct ModelRequest {
    /// How many redirects are followed.
    private static let maximumRedirects = 3

    private let model: LanguageModel
    private let messages: PromptMessages
    private let hosts: [String]
    private let patience: Patience
    private let allowed: Duration
    private let end: Duration
    private let say: (StoryPiece) -> Void
    private var address: ModelAddress
    private var backOff: BackOff

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
        messages = PromptMessages(prompt, PromptSecrets(seed: prompt.seed))
        backOff = BackOff(seed: prompt.seed)
    }

    /// Asks until there is an answer or no more hope for one; what it comes to has been said when it returns.
    mutating func run() {
        var attempt = 1
        var redirects = 0
        while true {
            let dialect = model.known.withLock { $0.dialect }
            let body = ChatRequest(model: model.name, messages, dialect).body
            var exchange = ChatExchange(to: address, key: model.key, until: end, patience)
            let outcome = exchange.run(body) { say(.text($0)) }
            if patience.cancellation.isRaised { return conclude(nil) }
            switch outcome {
            case .whole:
                say(.usage(usage(of: exchange)))
                return conclude(nil, hasAnswered: true)
            case .cancelled: return conclude(nil)
            case .redirect(let location):
                redirects += 1
                guard let next = address.redirected(to: location), next.isAllowed(by: hosts),
                    next.isSecure || !address.isSecure, redirects <= Self.maximumRedirects
                else { return conclude(.redirect) }
                address = next
            case .refused(let status, let retryAfter, let text):
                let hasLearnt = model.known.withLock { known in
                    // Another request may have learnt it meanwhile.
                    known.dialect.learn(from: text, status: status) || known.dialect != dialect
                }
                if hasLearnt {
                    say(.retry(fault: .refused, wait: 0))
                } else {
                    let fault: StoryFault = status < 500 ? .refused : .server
                    guard goesOn(after: fault, status, retryAfter, &attempt) else { return }
                }
            case .fault(let fault, let status, let retryAfter):
                if exchange.hasSpoken {
                    say(.usage(usage(of: exchange)))
                    return conclude(fault, status: status)
                }
                guard goesOn(after: fault, status, retryAfter, &attempt) else { return }
            }
        }
    }

    /// Waits before the next attempt; false where there is none, and that has been said.
    private mutating func goesOn(
        after fault: StoryFault, _ status: Int?, _ retryAfter: Duration?, _ attempt: inout Int
    ) -> Bool {
        guard Self.isPassing(fault),
            let wait = backOff.wait(after: attempt, retryAfter: retryAfter, before: end - patience.uptime())
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

    private static func isPassing(_ fault: StoryFault) -> Bool {
        switch fault {
        case .rate, .server, .connection: true
        default: false
        }
    }

    /// By the server's count, or else by our own.
    private func usage(of exchange: ChatExchange) -> TokenUsage {
        exchange.usage ?? TokenUsage(input: messages.tokens, output: exchange.outputTokens)
    }

    private func conclude(_ fault: StoryFault?, status: Int? = nil, hasAnswered: Bool = false) {
        if let fault { say(.fault(fault, status: status)) }
        let now = patience.uptime()
        let isUnfair = fault == .timeout && allowed < LanguageModel.fairTime
        model.known.withLock { known in
            known.requests -= 1
            if hasAnswered || fault == .tooLong {
                known.breaker.succeeded()
            } else if fault == nil || isUnfair {
                known.breaker.abandoned(at: now)
            } else {
                known.breaker.failed(at: now)
            }
        }
    }
}
