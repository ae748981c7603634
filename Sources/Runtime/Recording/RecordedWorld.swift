internal import Base
package import Engine
package import Functions
internal import Identity
package import Ledger
internal import Observability
internal import Synchronization

extension Engine {
    /// Runs an invocation of a recording again: what it takes from outside is what was taken then.
    package func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim? = nil,
        replaying recorded: Taken
    ) async -> Outcome {
        await invoke(entry, event, completing: claim, in: RecordedWorld(self, recorded))
    }
}

/// The world as it was for an invocation of a recording: nothing is asked again, and nobody listens.
final class RecordedWorld: World {
    private let engine: Engine
    /// As it was recorded.
    private let recorded: Taken
    /// The same, and what is different this time.
    private let now: Mutex<Taken>
    private let run: Mutex<Run>

    private struct Run {
        var reads = 0
        var secrets: SecretSequence?
    }

    init(_ engine: Engine, _ recorded: Taken) {
        self.engine = engine
        self.recorded = recorded
        now = Mutex(recorded)
        run = Mutex(Run(secrets: recorded.idSeed.map { SecretSequence($0) }))
    }

    var seed: UInt64 { recorded.seed }

    var taken: Taken { now.withLock { $0 } }

    func note(_ change: (inout Taken) -> Void) { now.withLock { change(&$0) } }

    // MARK: Before the function

    func isSmall(_ event: Event, _ limit: Int) -> Bool {
        recorded.leftOut.map { $0.bytes <= limit }
            ?? (event.data.count <= limit || event.arrivedCount <= limit)
    }

    var refusal: String? { recorded.refusal }

    func idempotencyKey(of event: Event, member: String) throws(Problem) -> IdempotencyKey? {
        try IdempotencyKey.of(event, member: member, leftOutAs: RecordingFormat.redacted)
    }

    /// Invocations of a recording run one by one.
    func enter(_ key: String?) async -> KeysUnderWay.Turn { recorded.isCrowded ? .refused : .done }

    func leave(_ key: String, isDone: Bool) {}

    /// How many others are under way is not the store's to know again.
    func concurrency(_ limit: Int) -> Int { recorded.isBusy ? 0 : .max }

    // MARK: Runs

    var interruption: Interruption? {
        if recorded.isOverrun { return .overrun }
        if recorded.isContended { return .contended }
        return recorded.isCancelled ? .cancelled : nil
    }

    func beginRun() {
        run.withLock { $0 = Run(secrets: recorded.idSeed.map { SecretSequence($0) }) }
    }

    func endRun() {}

    func forgetTexts() {}

    func end() {}
}

extension RecordedWorld {
    // MARK: Reads

    func record(kind: String, id: String) async throws(StoreError) -> Record? {
        try read()
        return try await engine.state.record(kind: kind, id: id)
    }

    func journal(stream: String, last count: Int) async throws(StoreError) -> JournalSlice {
        try read()
        return try await engine.state.journal(stream: stream, last: count)
    }

    func journalEntry(id: String) async throws(StoreError) -> JournalEntry? {
        try read()
        return try await engine.state.journalEntry(id: id)
    }

    /// Throws what the store could not do then.
    private func read() throws(StoreError) {
        let number = run.withLock { run in
            run.reads += 1
            return run.reads
        }
        if let fault = recorded.readFaults.first(where: { $0.read == number }) { throw fault.fault.error }
    }

    var decoded: DecodedRecords { engine.decoded }

    func wait(
        forRecord kind: String, _ id: String, within patience: Duration,
        until isThere: (Record?) throws -> Bool
    ) async throws {}

    // MARK: Names, texts, listeners

    /// A recording without a seed made none, or had these ids of the one sequence, too.
    func secretIdentifier(_ prefix: String, at time: Timestamp) throws(Problem) -> String? {
        try run.withLock { run throws(Problem) in try run.secrets?.identifier(prefix, at: time) }
    }

    func sign(_ claims: Claims, now: Timestamp) -> String? { engine.tokens.sign(claims, now: now) }

    func addressMark(of address: String?) -> String? { recorded.addressMark }

    var process: String { engine.process }

    var uptime: Duration { engine.platform.uptime() }

    func text(_ name: String, _ source: () -> AsyncThrowingStream<String, any Error>) -> OutsideText {
        OutsideText(source: .recorded(recorded.texts[name] ?? OutsideText.Record()))
    }

    func call(_ call: FunctionCall, as name: String) async throws -> OutsideText.Record? {
        recorded.texts[name]
    }

    func conclude(_ call: FunctionCall) async {}

    var hasAudience: Bool { false }

    func say(_ emit: Emit) {}

    func count(_ counter: Metrics.Counter, _ labels: [(String, String)], by amount: Int) {}

    func turn(at keys: [String]) async throws {}

    func endTurn() {}
}
