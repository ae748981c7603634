internal import Base
internal import Functions
internal import Identity
internal import Ledger
internal import Observability

/// One invocation on its way through the pipeline.
struct Invocation {
    let entry: FunctionEntry
    var event: Event
    /// Jobs that are done when this invocation commits.
    let claim: JobClaim?
    let trace: TraceContext
    /// The random numbers that each attempt starts from.
    let random: SeededRandom
    let fields = LogFields()
    /// Where it has from what is neither in the event nor in the store.
    let world: any World
    /// Who asks, once authenticated.
    var caller: Claims?
    /// What the client calls that which it asks for.
    var key: RequestKey?
    /// Where the rate stands, once counted.
    var rate: RateStatus?
    /// Its numbers in the store's order.
    var admission: Int64?
    var commit: Int64?
    /// What was committed.
    var unit = UnitOfWork()

    init(_ entry: FunctionEntry, _ event: Event, completing claim: JobClaim?, in world: any World) {
        self.entry = entry
        self.event = event
        self.claim = claim
        self.world = world
        var random = SeededRandom(seed: world.seed)
        trace = event.trace?.child(random: &random) ?? TraceContext(random: &random)
        self.random = random
    }

    /// What is counted and kept by address.
    private var addressScope: String { "address:" + (event.address.map(AddressBlock.of) ?? "local") }

    /// What is counted and kept by caller.
    private var callerScope: String? { caller.map { CallerWord.scope + $0.subject } }
}

// MARK: Who asks

extension Invocation {
    /// The caller's claims; nil where nobody needs any. Throws a 401.
    func authenticated(by tokens: Tokens) throws(Problem) -> Claims? {
        if let refusal = world.refusal { throw Problem(.unauthenticated, refusal) }
        switch event.credential {
        case .verified(let claims):
            // Where nobody needs a token, as when a socket closes, one that has ended is no reason to refuse.
            if entry.access != .none, let end = claims.expiresAt, event.time >= end {
                throw Problem(.unauthenticated, Tokens.Refusal.expired.rawValue)
            }
            return claims
        case .token(let token):
            if entry.access == .none { return nil }
            do throws(Tokens.Refusal) {
                return try tokens.verify(token, now: event.time)
            } catch {
                world.note { $0.refusal = error.rawValue }
                throw Problem(.unauthenticated, error.rawValue)
            }
        case .none:
            if entry.access == .none { return nil }
            throw Problem(.unauthenticated, "A token is needed.")
        }
    }

    /// Throws a 403 where the caller lacks the role that is needed.
    func authorise() throws(Problem) {
        guard case .role(let role) = entry.access else { return }
        guard caller?.roles.contains(role) == true else {
            throw Problem(.forbidden, "The role '\(role)' is needed.")
        }
    }
}

// MARK: What is asked again

extension Invocation {
    /// The key under which the answer is kept, and who waits for it; nil without one. Jobs have none: the store knows
    /// by itself which were done.
    mutating func requestKey() throws(Problem) -> RequestKey? {
        guard let member = entry.idempotencyKey, claim == nil else { return nil }
        if case .queue = event.trigger { return nil }
        guard let found = try world.idempotencyKey(of: event, member: member) else { return nil }
        // A recording has it beside the input, out of which members may be left.
        event.idempotencyKey = found.text
        let key = found.requestKey(
            function: entry.name, scope: callerScope ?? addressScope, input: event.data)
        guard let key else { throw Problem(.failed, "The input could not be hashed. Nothing was changed.") }
        return key
    }

    /// What is kept of an answer, for `window` from when the function had to be done.
    func keptAnswer(status: Int, json: String, for window: Duration) -> KeptAnswer? {
        key.map { key in
            KeptAnswer(
                key: key, status: status, json: json, expiresAt: event.time + window + entry.limits.timeout)
        }
    }

    /// The text of the answer that was given before.
    func answer(repeating kept: KeptAnswer) throws(Problem) -> String {
        guard kept.key == key else {
            throw Problem(.invalid, "The idempotency key was used for another input. Use a new one.")
        }
        guard let json = kept.json else {
            throw Problem(.conflict, "It was done before; its answer was too long to be kept.")
        }
        fields.set("repeated", .boolean(true))
        return json
    }
}

// MARK: Admission

extension Invocation {
    /// What is asked of the store before the function may run.
    var admissionRequest: AdmissionRequest {
        let scope =
            switch entry.per {
            case .caller: callerScope ?? CallerWord.scope
            case .address: addressScope
            case .function: "all"
            }
        let rules = entry.limits.rate.map { rate in
            RateRule(key: key(entry.name, scope, rate.window), limit: rate.count, window: rate.window)
        }
        return AdmissionRequest(
            function: entry.name, now: event.time, session: entry.access == .none ? nil : caller?.session,
            of: caller?.subject, rates: rules, concurrency: world.concurrency(entry.limits.concurrency),
            key: key)
    }

    /// A counter's name, made in one piece: every admission needs one.
    private func key(_ function: String, _ scope: String, _ window: Duration) -> String {
        var key = ""
        key.reserveCapacity(function.utf8.count + scope.utf8.count + 22)
        key += function
        key += "/"
        key += scope
        key += "/"
        key += String(window.milliseconds)
        return key
    }
}
