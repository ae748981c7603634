public import Store
internal import Synchronization

/// Runs functions: the pipeline, the same wherever a function runs.
///
/// Size, authentication, permission, whether it was done before, rate, concurrency, decoding and validation, the
/// function under its deadline, commit, answer, log line and metrics - in this order (`invoke`). It never throws: whatever goes wrong is a
/// problem in the outcome, a line in the log and a count in the metrics.
public final class Invoker: Sendable {
    /// What the functions are and may do.
    public let manifest: Manifest
    /// The state they share.
    public let state: any SharedState
    /// Where their time and randomness come from.
    public let platform: Platform
    /// Counts and durations.
    public let metrics: Metrics

    /// Who is told of each invocation, such as a recording.
    public let observer: (any InvocationObserver)?

    let log: Log
    let settings: Settings
    private let functions: [String: Bound]
    let tokens: Tokens
    private let decoded = DecodedRecords()
    let keysUnderWay = KeysUnderWay()
    let talks = TalksUnderWay()
    let processName = Mutex<String?>(nil)
    private let listeners = Mutex<(any LiveAudience)?>(nil)

    /// Who hears what functions say live: the host sets it once, before it serves.
    public var audience: (any LiveAudience)? {
        get { listeners.withLock { $0 } }
        set { listeners.withLock { $0 = newValue } }
    }

    /// A function of the manifest with what does not change from one invocation to the next.
    private struct Bound {
        let function: AnyFunction
        let environment: [String: String]
    }

    /// How often a function is run again because what it read had changed.
    static let maximumAttempts = 16
    /// How often it is run again because it asks for that (`RunAgain`).
    static let maximumWaits = 256

    /// Throws an `InvokerError` where the manifest names a handler that `functions` lacks.
    public init(
        manifest: Manifest, functions: FunctionSet, state: any SharedState, platform: Platform, log: Log,
        settings: Settings, observer: (any InvocationObserver)? = nil
    ) throws(InvokerError) {
        let missing = functions.missing(from: manifest)
        guard missing.isEmpty else { throw .missingHandlers(missing) }
        let manifest = functions.completing(manifest)
        self.manifest = manifest
        self.state = state
        self.platform = platform
        self.log = log
        self.settings = settings
        self.observer = observer
        metrics = Metrics()
        tokens = Tokens(manifest.auth)
        var bound: [String: Bound] = [:]
        for entry in manifest.functions {
            bound[entry.name] = functions[entry.handler].map {
                Bound(function: $0, environment: settings.variables(entry.environment))
            }
        }
        self.functions = bound
    }

    /// Runs one invocation to its end. With `claim`, its jobs are done in the same transaction as the effects; with
    /// `recorded`, what it takes from outside is what an earlier run took. `live` hears what the function says before
    /// it returns, beside the audience; never in a replay.
    public func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim? = nil,
        replaying recorded: Taken? = nil, live: (@Sendable (Emit) -> Void)? = nil
    ) async -> Outcome {
        let started = platform.uptime()
        let taken = recorded ?? Taken(seed: platform.seed())
        var random = SeededRandom(seed: taken.seed)
        let trace = event.trace?.child(random: &random) ?? TraceContext(random: &random)
        let fields = LogFields()
        var invocation = Invocation(
            entry: entry, event: event, claim: claim, trace: trace, random: random, fields: fields,
            taken: taken,
            isReplay: recorded != nil)
        logBeginning(of: invocation)
        var outcome: Outcome
        do {
            outcome = try await run(&invocation, live)
        } catch {
            if let fault = error as? StoreError { invocation.taken.fault = StoreFault(fault) }
            if error is CancellationError { invocation.taken.isCancelled = true }
            outcome = failure(error, fields: fields)
        }
        if outcome.isSuccess { outcome.form = functions[entry.name]?.function.answerForm ?? .value }
        outcome.rate = invocation.rate
        outcome.claims = invocation.caller
        outcome.trace = trace
        outcome.unit = invocation.unit
        finish(invocation, &outcome, duration: platform.uptime() - started)
        return outcome
    }

    /// Steps 1 to 8 of the pipeline.
    private func run(_ invocation: inout Invocation, _ live: (@Sendable (Emit) -> Void)?) async throws
        -> Outcome
    {
        let entry = invocation.entry
        guard invocation.isSmall else {
            throw Problem(.tooLarge, "The body may have \(entry.limits.body) bytes.")
        }
        let caller = try authenticate(&invocation)
        invocation.caller = caller
        try authorise(caller, for: entry.access)
        invocation.key = try requestKey(of: &invocation)
        return try await once(&invocation) { invocation in try await perform(&invocation, live) }
    }

    /// Steps 4 to 8: from the admission on.
    private func perform(_ invocation: inout Invocation, _ live: (@Sendable (Emit) -> Void)?) async throws
        -> Outcome
    {
        let (entry, event) = (invocation.entry, invocation.event)
        let ticket: Ticket
        switch try await admit(&invocation) {
        case .admitted(let admitted): ticket = admitted
        case .answered(let kept): return try outcome(repeating: kept, invocation)
        }
        do {
            guard let bound = functions[entry.name] else {
                throw InvokerError.missingHandlers([entry.handler])
            }
            let prepared = try bound.function.prepare(event)
            if invocation.isReplay, invocation.taken.isOverrun {
                state.release(ticket)
                throw DeadlineExceeded()
            }
            if invocation.isReplay, invocation.taken.isContended { throw contended(&invocation) }
            if invocation.isReplay, invocation.taken.isCancelled { throw CancellationError() }
            var remaining = entry.limits.timeout
            let audience = invocation.isReplay ? [] : audience(and: live)
            var memory: RunMemory?
            defer { memory?.end(talks) }
            var (conflicts, waits) = (0, 0)
            while conflicts < Self.maximumAttempts, waits < Self.maximumWaits {
                if conflicts + waits > 0 { invocation.fields.clear() }
                let context = context(
                    for: invocation, environment: bound.environment, remaining: remaining, memory: memory,
                    audience: audience, listener: live)
                // Also where it ends by its deadline.
                defer { memory = context.memory }
                let begun = platform.uptime()
                let result = try await handle(prepared, context, within: remaining, ticket)
                // The store's time does not count, all runs of the function together do.
                remaining -= platform.uptime() - begun
                keep(context, &invocation)
                if case .failure(is RunAgain) = result {
                    guard remaining > .zero else { throw overrun(&invocation) }
                    context.memory?.forgetTexts()
                    waits += 1
                    continue
                }
                let status = bound.function.successStatus
                switch try await commit(result, context.unit, ticket, status: status, &invocation) {
                case .conflict:
                    conflicts += 1
                    logConflict(of: invocation, run: conflicts)
                case .answered(let kept, let number):
                    invocation.commit = number
                    do { return try outcome(repeating: kept, invocation) } catch {
                        throw Concluded(error: error)
                    }
                case .committed(let number):
                    invocation.commit = number
                    switch result {
                    case .success(let json): return context.outcome(status: status, json: json)
                    case .failure(let error): throw Concluded(error: error)
                    }
                }
                guard remaining > .zero else { throw overrun(&invocation) }
            }
            throw contended(&invocation)
        } catch is DeadlineExceeded {
            // The function still holds its place among the concurrent ones; `late` gives it back.
            throw overrun(&invocation)
        } catch let concluded as Concluded {
            // The commit of what it read has ended its ticket.
            throw concluded.error
        } catch {
            state.release(ticket)
            throw error
        }
    }

    /// Keeps what a run has taken from outside.
    private func keep(_ context: Context, _ invocation: inout Invocation) {
        guard !invocation.isReplay else { return }
        invocation.taken.texts = context.texts
        invocation.taken.addressMark = context.takenAddressMark
        invocation.taken.idSeed = context.idSeed
        invocation.taken.readFaults = context.readFaults
    }

    /// All who hear what one invocation says live.
    private func audience(and caller: (@Sendable (Emit) -> Void)?) -> [@Sendable (Emit) -> Void] {
        var all: [@Sendable (Emit) -> Void] = []
        if let audience { all.append { audience.tell($0) } }
        if let caller { all.append(caller) }
        return all
    }

    /// A refusal of the function's own that stands at a place in the store's order.
    private struct Concluded: Error { let error: any Error }

    /// Runs the function once. Throws only `DeadlineExceeded`.
    private func handle(
        _ prepared: AnyFunction.Prepared, _ context: Context, within limit: Duration, _ ticket: Ticket
    ) async throws -> Result<String, any Error> {
        do {
            return .success(
                try await withDeadline(limit, on: platform) {
                    try await prepared.handle(context)
                } late: { [state] in
                    state.release(ticket)
                })
        } catch let error as DeadlineExceeded {
            throw error
        } catch { return .failure(error) }
    }

    /// Commits what a run of the function came to, and keeps its answer where the client may ask again.
    ///
    /// A refusal changes nothing, but what it was decided upon must hold at a place in the store's order as well: else
    /// it could not be replayed.
    private func commit(
        _ result: Result<String, any Error>, _ unit: UnitOfWork, _ ticket: Ticket, status: Int,
        _ invocation: inout Invocation
    ) async throws -> CommitDecision {
        var unit = unit
        var claim = invocation.claim
        switch result {
        case .success(let json): unit.answer = keptAnswer(invocation, status: status, json: json)
        case .failure(let error):
            unit.writes = []
            claim = nil
            if unit.reads.isEmpty || error is StoreError || error is CancellationError { throw error }
        }
        do {
            let decision = try await state.commit(
                unit, at: invocation.event.time, ticket: ticket, completing: claim)
            if case .committed = decision { invocation.unit = unit }
            return decision
        } catch {
            // With its admission a refusal has lost its place, too: its number is another's, and nothing was counted.
            if ticket.isLost {
                invocation.admission = nil
                throw error
            }
            guard case .failure(let refusal) = result else { throw error }
            invocation.taken.fault = StoreFault(error)
            throw refusal
        }
    }

    private func contended(_ invocation: inout Invocation) -> Problem {
        invocation.taken.isContended = true
        return Problem(.busy, "Too many changes at once; nothing was changed.", retryAfter: .seconds(1))
    }

    private func overrun(_ invocation: inout Invocation) -> Problem {
        invocation.taken.isOverrun = true
        return Problem(
            .deadline, "The function may take \(invocation.entry.limits.timeout). Nothing was changed.")
    }

    private func authenticate(_ invocation: inout Invocation) throws -> Claims? {
        let (event, access) = (invocation.event, invocation.entry.access)
        if invocation.isReplay, let refusal = invocation.taken.refusal {
            throw Problem(.unauthenticated, refusal)
        }
        switch event.credential {
        case .verified(let claims):
            // Where nobody needs a token, as when a socket closes, one that has ended is no reason to refuse.
            if access != .none, let end = claims.expiresAt, event.time >= end {
                throw Problem(.unauthenticated, Tokens.Refusal.expired.rawValue)
            }
            return claims
        case .token(let token):
            if access == .none { return nil }
            do throws(Tokens.Refusal) {
                return try tokens.verify(token, now: event.time)
            } catch {
                invocation.taken.refusal = error.rawValue
                throw Problem(.unauthenticated, error.rawValue)
            }
        case .none:
            if access == .none { return nil }
            throw Problem(.unauthenticated, "A token is needed.")
        }
    }

    private func authorise(_ caller: Claims?, for access: Access) throws(Problem) {
        guard case .role(let role) = access else { return }
        guard caller?.roles.contains(role) == true else {
            throw Problem(.forbidden, "The role '\(role)' is needed.")
        }
    }

    private enum Admission {
        case admitted(Ticket)
        case answered(KeptAnswer)
    }

    private func admit(_ invocation: inout Invocation) async throws -> Admission {
        let entry = invocation.entry
        let scope =
            switch entry.per {
            case .player: "player:" + (invocation.caller?.subject ?? "")
            case .address: invocation.addressScope
            case .function: "all"
            }
        let rules = entry.limits.rate.map { rate in
            RateRule(key: key(entry.name, scope, rate.window), limit: rate.count, window: rate.window)
        }
        let request = AdmissionRequest(
            function: entry.name, now: invocation.event.time,
            session: entry.access == .none ? nil : invocation.caller?.session,
            of: invocation.caller?.subject, rates: rules,
            // How many others are under way is not the store's to know again in a replay.
            concurrency: !invocation.isReplay
                ? entry.limits.concurrency : invocation.taken.isBusy ? 0 : .max,
            key: invocation.key)
        switch try await state.admit(request) {
        case .admitted(let ticket, let status):
            invocation.admission = ticket.number
            invocation.rate = status
            return .admitted(ticket)
        case .answered(let kept, let number):
            invocation.admission = number
            return .answered(kept)
        case .sessionEnded(let number):
            invocation.admission = number
            throw Problem(.unauthenticated, "The session has ended.")
        case .sessionOfAnother(let number):
            invocation.admission = number
            throw Problem(.unauthenticated, "The token's subject is not its session's.")
        case .rateExceeded(let status, let number):
            invocation.admission = number
            invocation.rate = status
            metrics.countRateRefusal(entry.name)
            throw Problem(
                .rateExceeded, "The rate is \(status.limit) in \(status.window).",
                retryAfter: status.resetAfter)
        case .concurrencyExceeded(let number):
            invocation.admission = number
            invocation.taken.isBusy = true
            throw Problem(.busy, "Too many invocations at once.", retryAfter: .seconds(1))
        }
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

    private func context(
        for invocation: Invocation, environment: [String: String], remaining: Duration, memory: RunMemory?,
        audience: [@Sendable (Emit) -> Void], listener: (@Sendable (Emit) -> Void)?
    ) -> Context {
        Context(
            event: invocation.event, entry: invocation.entry, caller: invocation.caller,
            trace: invocation.trace,
            allowsGuests: manifest.guests,
            environment: environment, log: invocation.fields,
            state: state, decoded: decoded,
            tokens: tokens, random: invocation.random,
            secrets: invocation.isReplay ? .recorded(invocation.taken.idSeed) : .platform(platform.secret),
            uptime: platform.uptime, remaining: remaining,
            recorded: invocation.isReplay ? invocation.taken : nil, invoker: self, memory: memory,
            metrics: metrics, audience: audience, listener: listener)
    }
}
