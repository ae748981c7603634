internal import Base
internal import Functions
internal import Identity
internal import Ledger
internal import Observability
internal import Synchronization

/// The world of now: what an invocation takes from it is noted for a recording.
final class LiveWorld: World {
    /// One run's part.
    private struct Run {
        var reads = 0
        var faults: [ReadFault] = []
        /// Once it has been asked for.
        var secrets: SecretSequence?
        var addressMark: String?
        /// What it has had from outside, or again from a run before.
        var texts: Set<String> = []
        /// What it has counted, and said live.
        var counted: [[String]: Int] = [:]
        var said = 0
    }

    private struct State {
        var taken: Taken
        var run = Run()
        var memory: RunMemory?
        var hasEnded = false
    }

    let engine: Engine
    /// Who waits for this invocation's answer and hears what is said live, where that is not the audience.
    private let listener: (@Sendable (Emit) -> Void)?
    private let audience: (any LiveAudience)?
    private let function: String
    private let state: Mutex<State>

    let seed: UInt64

    init(_ engine: Engine, function: String, listener: (@Sendable (Emit) -> Void)? = nil) {
        self.engine = engine
        self.function = function
        self.listener = listener
        audience = engine.audience
        seed = engine.platform.seed()
        state = Mutex(State(taken: Taken(seed: seed)))
    }

    var taken: Taken { state.withLock { $0.taken } }

    func note(_ change: (inout Taken) -> Void) { state.withLock { change(&$0.taken) } }

    /// What the runs leave to each other, if there is anything.
    private var memory: RunMemory? { state.withLock { $0.memory } }

    /// The same, made where there is none.
    private var memoryToKeep: RunMemory {
        state.withLock { state in
            if let memory = state.memory { return memory }
            let memory = RunMemory()
            if state.hasEnded { memory.end(engine.talks) }
            state.memory = memory
            return memory
        }
    }

    // MARK: Before the function

    func isSmall(_ event: Event, _ limit: Int) -> Bool {
        event.data.count <= limit || event.arrivedCount <= limit
    }

    var refusal: String? { nil }

    func idempotencyKey(of event: Event, member: String) throws(Problem) -> IdempotencyKey? {
        try IdempotencyKey.of(event, member: member)
    }

    func enter(_ key: String?) async -> KeysUnderWay.Turn {
        guard let key else { return .done }
        return await engine.keysUnderWay.enter(key)
    }

    func leave(_ key: String, isDone: Bool) { engine.keysUnderWay.leave(key, isDone: isDone) }

    func concurrency(_ limit: Int) -> Int { limit }

    // MARK: Runs

    var interruption: Interruption? { nil }

    func beginRun() { state.withLock { $0.run = Run() } }

    func endRun() {
        state.withLock { state in
            state.taken.texts = state.memory?.records ?? [:]
            state.taken.addressMark = state.run.addressMark
            state.taken.idSeed = state.run.secrets?.seed
            state.taken.readFaults = state.run.faults
        }
    }

    func forgetTexts() { memory?.forgetTexts() }

    func end() {
        let memory = state.withLock { state in
            state.hasEnded = true
            return state.memory
        }
        memory?.end(engine.talks)
    }
}

// MARK: Reads

extension LiveWorld {
    func record(kind: String, id: String) async throws(StoreError) -> Record? {
        try await counted { () async throws(StoreError) in try await engine.state.record(kind: kind, id: id) }
    }

    func journal(stream: String, last count: Int) async throws(StoreError) -> JournalSlice {
        try await counted { () async throws(StoreError) in
            try await engine.state.journal(stream: stream, last: count)
        }
    }

    func journalEntry(id: String) async throws(StoreError) -> JournalEntry? {
        try await counted { () async throws(StoreError) in try await engine.state.journalEntry(id: id) }
    }

    /// Reads are counted: what the store could not do now, it cannot do in a replay.
    private func counted<T>(_ read: () async throws(StoreError) -> T) async throws(StoreError) -> T {
        let number = state.withLock { state in
            state.run.reads += 1
            return state.run.reads
        }
        do throws(StoreError) { return try await read() } catch {
            state.withLock { state in
                guard state.run.faults.count < ReadFault.limit else { return }
                state.run.faults.append(ReadFault(read: number, fault: StoreFault(error)))
            }
            throw error
        }
    }

    var decoded: DecodedRecords { engine.decoded }

    func wait(
        forRecord kind: String, _ id: String, within patience: Duration,
        until isThere: (Record?) throws -> Bool
    ) async throws {
        let end = uptime + patience
        while uptime < end {
            if try isThere(try await engine.state.record(kind: kind, id: id)) { return }
            let pause = Talk()
            let timer = engine.platform.timers.schedule(after: Self.lookingAgain) { pause.end() }
            defer { engine.platform.timers.cancel(timer) }
            try await pause.listen(nil)
            engine.state.catchUp()
        }
    }

    /// How often another process's doing is looked for.
    private static let lookingAgain = Duration.milliseconds(100)
}

// MARK: Names, texts, listeners

extension LiveWorld {
    func secretIdentifier(_ prefix: String, at time: Timestamp) throws(Problem) -> String? {
        try state.withLock { state throws(Problem) in
            var secrets = state.run.secrets ?? SecretSequence(engine.platform.secret())
            defer { state.run.secrets = secrets }
            return try secrets.identifier(prefix, at: time)
        }
    }

    func sign(_ claims: Claims, now: Timestamp) -> String? { engine.tokens.sign(claims, now: now) }

    func addressMark(of address: String?) -> String? {
        let mark = address.flatMap { engine.tokens.mark(of: AddressBlock.of($0)) }
        state.withLock { $0.run.addressMark = mark }
        return mark
    }

    var process: String { engine.process }

    var uptime: Duration { engine.platform.uptime() }

    func text(_ name: String, _ source: () -> AsyncThrowingStream<String, any Error>) -> OutsideText {
        if let kept = kept(name) { return OutsideText(source: .recorded(kept)) }
        return OutsideText(source: .live(source(), newTape(name), uptime: engine.platform.uptime))
    }

    func call(_ call: FunctionCall, as name: String) async throws -> OutsideText.Record? {
        if let kept = kept(name) { return kept }
        let tape = newTape(name)
        let begun = uptime
        let outcome = await run(call)
        if let problem = outcome.problem {
            tape.end(CallFailure(description: "\(problem.kind.rawValue): \(problem.detail)"))
        } else {
            tape.add(OutsideText.Piece(text: outcome.json, delay: uptime - begun))
        }
        return tape.record
    }

    func conclude(_ call: FunctionCall) async { _ = await run(call) }

    private func run(_ call: FunctionCall) async -> Outcome {
        // A task of its own is not cancelled with this one.
        await Task(executorPreference: engine.platform.executor) { [engine] in await engine.invoke(call) }
            .value
    }

    private struct CallFailure: Error, CustomStringConvertible { let description: String }

    /// What an earlier run has had under a name.
    private func kept(_ name: String) -> OutsideText.Record? {
        let memory = state.withLock { state -> RunMemory? in
            guard let memory = state.memory, state.run.texts.insert(name).inserted else { return nil }
            return memory
        }
        return memory?.text(name)?.record
    }

    private func newTape(_ name: String) -> OutsideText.Tape {
        let tape = OutsideText.Tape()
        state.withLock { _ = $0.run.texts.insert(name) }
        memoryToKeep.keep(tape, as: name)
        return tape
    }

    var hasAudience: Bool { audience != nil || listener != nil || memory?.hasTurn == true }

    func say(_ emit: Emit) {
        let index = state.withLock { state in
            defer { state.run.said += 1 }
            return state.run.said
        }
        guard memoryToKeep.talk.say(emit, at: index) else { return }
        audience?.tell(emit)
        listener?(emit)
    }

    func count(_ counter: Metrics.Counter, _ labels: [(String, String)], by amount: Int) {
        let key = [counter.name] + labels.flatMap { [$0.0, $0.1] }
        let total = state.withLock { state in
            state.run.counted[key, default: 0] += amount
            return state.run.counted[key] ?? amount
        }
        let owed = memoryToKeep.owed(key, total: total, of: amount)
        if owed > 0 { engine.metrics.add(counter, [("function", function)] + labels, by: owed) }
    }

    func turn(at keys: [String]) async throws {
        guard !keys.isEmpty else { return }
        // What has run out of time must not begin anything.
        try Task.checkCancellation()
        guard let other = try memoryToKeep.take(keys, of: engine.talks) else { return }
        try await other.listen(listener)
        throw RunAgain()
    }

    func endTurn() { memory?.endTurn(engine.talks) }
}
