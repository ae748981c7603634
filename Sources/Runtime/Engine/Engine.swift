internal import Base
public import Functions
public import Identity
public import Ledger
public import Manifest
public import Observability
internal import Synchronization

/// Runs functions: the pipeline, the same wherever a function runs.
///
/// Size, authentication, permission, whether it was done before, rate, concurrency, decoding and validation, the
/// function under its deadline, commit, answer, log line and metrics - in this order (`invoke`). It never throws: whatever
/// goes wrong is a problem in the outcome, a line in the log and a count in the metrics.
public final class Engine: Sendable {
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

    package let tokens: Tokens
    package let decoded = DecodedRecords()
    let keysUnderWay = KeysUnderWay()
    let talks = TalksUnderWay()
    let processName = Mutex<String?>(nil)
    private let functions: [String: Bound]
    private let report: InvocationReport
    private let listeners = Mutex<(any LiveAudience)?>(nil)
    private let slot: ProcessesSlot

    /// Who runs functions in processes of their own: the host sets it once, before it serves. Without it those of ours run
    /// here, and others not at all.
    public var processes: (any FunctionProcesses)? {
        get { slot.value }
        set { slot.value = newValue }
    }

    /// Who hears what functions say live: the host sets it once, before it serves.
    public var audience: (any LiveAudience)? {
        get { listeners.withLock { $0 } }
        set { listeners.withLock { $0 = newValue } }
    }

    /// A function of the manifest with what does not change from one invocation to the next.
    private struct Bound {
        let function: AnyFunction
        let environment: [String: String]
        let runner: any Runner
    }

    /// How often a function is run again because what it read had changed.
    static let maximumAttempts = 16
    /// How often it is run again because it asks for that (`RunAgain`).
    static let maximumWaits = 256

    /// Throws an `EngineError` where the manifest names a handler that `functions` lacks.
    public init(
        manifest: Manifest, functions: FunctionSet, state: any SharedState, platform: Platform, log: Log,
        settings: Settings, observer: (any InvocationObserver)? = nil
    ) throws(EngineError) {
        let missing = functions.missing(from: manifest)
        guard missing.isEmpty else { throw .missingHandlers(missing) }
        let functions = functions.serving(manifest)
        let manifest = functions.completing(manifest)
        self.manifest = manifest
        self.state = state
        self.platform = platform
        self.observer = observer
        metrics = Metrics()
        report = InvocationReport(
            log: log, metrics: metrics, observer: observer, tellsErrors: settings.tellsErrors,
            now: platform.now)
        tokens = Tokens(manifest.auth)
        let slot = ProcessesSlot()
        self.slot = slot
        let runner = InlineRunner(platform: platform)
        var bound: [String: Bound] = [:]
        for entry in manifest.functions {
            let function =
                entry.command.isEmpty
                ? functions[entry.handler] : AnyFunction(program: entry, run: slot, on: platform.executor)
            bound[entry.name] = function.map {
                Bound(
                    function: $0, environment: settings.variables(entry.environment), runner: runner)
            }
        }
        self.functions = bound
    }

    /// Runs one invocation to its end. With `claim`, its jobs are done in the same transaction as the effects. `live`
    /// hears what the function says before it returns, beside the audience.
    public func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim? = nil,
        live: (@Sendable (Emit) -> Void)? = nil
    ) async -> Outcome {
        if entry.isolation == .process, entry.command.isEmpty, let processes {
            let started = platform.uptime()
            let outcome = await processes.invoke(entry, event, completing: claim, live: live)
            metrics.count(
                function: entry.name, trigger: event.trigger.name, status: outcome.status,
                duration: platform.uptime() - started)
            if outcome.problem?.kind == .rateExceeded { metrics.countRateRefusal(entry.name) }
            return outcome
        }
        return await invoke(
            entry, event, completing: claim, in: LiveWorld(self, function: entry.name, listener: live))
    }

    /// The same, in any world.
    package func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim?, in world: any World
    ) async -> Outcome {
        let started = platform.uptime()
        var invocation = Invocation(entry, event, completing: claim, in: world)
        report.began(invocation)
        var outcome: Outcome
        do {
            outcome = try await run(&invocation)
            outcome.form = functions[entry.name]?.function.answerForm ?? .value
        } catch {
            if let fault = error as? StoreError { world.note { $0.fault = StoreFault(fault) } }
            if error is CancellationError { world.note { $0.isCancelled = true } }
            outcome = report.outcome(of: error, invocation.fields)
        }
        outcome.rate = invocation.rate
        outcome.claims = invocation.caller
        outcome.trace = invocation.trace
        outcome.unit = invocation.unit
        report.ended(invocation, &outcome, duration: platform.uptime() - started)
        return outcome
    }

    /// What a caller is told where nothing could be begun.
    func outcome(of error: any Error) -> Outcome { report.outcome(of: error, LogFields()) }
}

// MARK: The steps

extension Engine {
    /// Steps 1 to 8 of the pipeline.
    private func run(_ invocation: inout Invocation) async throws -> Outcome {
        let (entry, world) = (invocation.entry, invocation.world)
        guard world.isSmall(invocation.event, entry.limits.body) else {
            throw Problem(.tooLarge, "The body may have \(entry.limits.body) bytes.")
        }
        invocation.caller = try invocation.authenticated(by: tokens)
        try invocation.authorise()
        invocation.key = try invocation.requestKey()
        switch await world.enter(invocation.key?.name) {
        case .refused:
            world.note { $0.isCrowded = true }
            throw Problem(.busy, "This is under way, and many wait for it.", retryAfter: .seconds(1))
        case .done: return try await perform(&invocation)
        case .own:
            var isDone = false
            defer { invocation.key.map { world.leave($0.name, isDone: isDone) } }
            let outcome = try await perform(&invocation)
            isDone = true
            return outcome
        }
    }

    /// Steps 4 to 8: from the admission on.
    private func perform(_ invocation: inout Invocation) async throws -> Outcome {
        switch try await admit(&invocation) {
        case .answered(let kept): return try repeated(kept, invocation)
        case .admitted(let place):
            guard let bound = functions[invocation.entry.name] else {
                throw EngineError.missingHandlers([invocation.entry.handler])
            }
            let prepared = try bound.function.prepare(invocation.event)
            if let interruption = invocation.world.interruption { throw end(invocation, by: interruption) }
            defer { invocation.world.end() }
            return try await runs(of: prepared, bound, place, &invocation)
        }
    }

    /// The answer that was given before.
    private func repeated(_ kept: KeptAnswer, _ invocation: Invocation) throws(Problem) -> Outcome {
        let json = try invocation.answer(repeating: kept)
        var outcome =
            functions[invocation.entry.name]?.function.outcome(json, invocation.event)
            ?? Outcome(status: kept.status, json: json)
        outcome.status = kept.status
        outcome.isRepeated = true
        return outcome
    }

    private enum Admission: ~Copyable {
        case admitted(Place)
        case answered(KeptAnswer)
    }

    private func admit(_ invocation: inout Invocation) async throws -> Admission {
        let decision = try await state.admit(invocation.admissionRequest)
        invocation.admission = decision.number
        switch decision {
        case .admitted(let ticket, let status):
            invocation.rate = status
            return .admitted(Place(ticket, in: state))
        case .answered(let kept, _): return .answered(kept)
        case .sessionEnded: throw Problem(.unauthenticated, "The session has ended.")
        case .sessionOfAnother:
            throw Problem(.unauthenticated, "The token's subject is not its session's.")
        case .rateExceeded(let status, _):
            invocation.rate = status
            metrics.countRateRefusal(invocation.entry.name)
            throw Problem(
                .rateExceeded, "The rate is \(status.limit) in \(status.window).",
                retryAfter: status.resetAfter)
        case .concurrencyExceeded:
            invocation.world.note { $0.isBusy = true }
            throw Problem(.busy, "Too many invocations at once.", retryAfter: .seconds(1))
        }
    }

    /// Runs the function as often as it takes, each time with a new context, until what it came to is committed.
    private func runs(
        of prepared: AnyFunction.Prepared, _ bound: Bound, _ place: consuming Place,
        _ invocation: inout Invocation
    ) async throws -> Outcome {
        let world = invocation.world
        var remaining = invocation.entry.limits.timeout
        var (conflicts, waits) = (0, 0)
        while conflicts < Self.maximumAttempts, waits < Self.maximumWaits {
            if conflicts + waits > 0 { invocation.fields.clear() }
            let context = context(for: invocation, bound.environment, remaining)
            let begun = platform.uptime()
            let result: Result<String, any Error>
            switch await bound.runner.run(prepared, context, within: remaining) {
            case .ended(let ended): result = ended
            case .overrun(let call):
                call.hold(place)
                throw end(invocation, by: .overrun)
            }
            // The store's time does not count, all runs of the function together do.
            remaining -= platform.uptime() - begun
            world.endRun()
            if case .failure(is RunAgain) = result {
                guard remaining > .zero else { throw end(invocation, by: .overrun) }
                world.forgetTexts()
                waits += 1
                continue
            }
            let answer = result.map { bound.function.outcome($0, invocation.event) }
            switch try await commit(
                result, context.unit, place, status: try? answer.get().status, &invocation)
            {
            case .conflict:
                conflicts += 1
                report.conflicted(invocation, run: conflicts)
            case .answered(let kept, let number):
                place.spend()
                invocation.commit = number
                return try repeated(kept, invocation)
            case .committed(let number):
                place.spend()
                invocation.commit = number
                var outcome = try answer.get()
                outcome.event = context.answerEvent
                return outcome
            }
            guard remaining > .zero else { throw end(invocation, by: .overrun) }
        }
        throw end(invocation, by: .contended)
    }

    private func context(
        for invocation: Invocation, _ environment: [String: String], _ remaining: Duration
    ) -> Context {
        invocation.world.beginRun()
        return Context(
            event: invocation.event, entry: invocation.entry, caller: invocation.caller,
            trace: invocation.trace, allowsAnonymous: manifest.allowsAnonymous, environment: environment,
            log: invocation.fields, random: invocation.random, remaining: remaining,
            backend: invocation.world)
    }

    /// Commits what a run of the function came to, and keeps its answer where the client may ask again.
    ///
    /// A refusal changes nothing, but what it was decided upon must hold at a place in the store's order as well: else
    /// it could not be replayed.
    private func commit(
        _ result: Result<String, any Error>, _ unit: UnitOfWork, _ place: borrowing Place, status: Int?,
        _ invocation: inout Invocation
    ) async throws -> CommitDecision {
        var unit = unit
        var claim = invocation.claim
        switch result {
        case .success(let json):
            unit.answer = invocation.keptAnswer(
                status: status ?? 200, json: json, for: manifest.sockets.recoveryWindow)
        case .failure(let error):
            unit.writes = []
            claim = nil
            if unit.reads.isEmpty || error is StoreError || error is CancellationError { throw error }
        }
        do {
            let decision = try await state.commit(
                unit, at: invocation.event.time, ticket: place.ticket, completing: claim)
            if case .committed = decision { invocation.unit = unit }
            return decision
        } catch {
            // With its admission a refusal has lost its place, too: its number is another's, and nothing was counted.
            if state.isLost(place.ticket) {
                invocation.admission = nil
                throw error
            }
            guard case .failure(let refusal) = result else { throw error }
            invocation.world.note { $0.fault = StoreFault(error) }
            throw refusal
        }
    }

    /// What the caller is told where the invocation is interrupted.
    private func end(_ invocation: Invocation, by interruption: Interruption) -> any Error {
        switch interruption {
        case .overrun:
            invocation.world.note { $0.isOverrun = true }
            return Problem(
                .deadline, "The function may take \(invocation.entry.limits.timeout). Nothing was changed.")
        case .contended:
            invocation.world.note { $0.isContended = true }
            return Problem(
                .busy, "Too many changes at once; nothing was changed.", retryAfter: .seconds(1))
        case .cancelled: return CancellationError()
        }
    }
}
