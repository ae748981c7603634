internal import Observability
internal import Functions
public import Base
public import Engine
internal import FoundationEssentials
internal import Identity
public import Ledger
public import Manifest
internal import Synchronization

/// Runs a recording again, through the same pipeline, in the recorded order, and compares.
public struct Replayer: Sendable {
    private let recording: Recording
    private let manifest: Manifest
    private let functions: FunctionSet
    private let platform: Platform
    private let settings: Settings
    private let stores: any StoreEngine

    /// A replay with `functions`, under the recording's own manifest or another, and with its environment or another.
    ///
    /// `stores` opens the copy of the snapshot. Throws where the manifest cannot be read or names a handler that `functions` lacks.
    public init(
        _ recording: Recording, functions: FunctionSet, manifest other: Manifest? = nil,
        environment: [String: String]? = nil, stores: any StoreEngine, timers: any Timers,
        executor: any TaskExecutor
    ) throws {
        self.recording = recording
        var manifest =
            try other ?? Manifest(contentsOf: recording.manifestPath, environment: recording.environment)
        for index in manifest.auth.indices {
            for place in manifest.auth[index].keys.indices
            where manifest.auth[index].keys[place].secret == nil {
                manifest.auth[index].keys[place].secret = RecordingFormat.withheld
            }
        }
        let missing = functions.missing(from: manifest)
        guard missing.isEmpty else { throw EngineError.missingHandlers(missing) }
        self.manifest = manifest
        self.functions = functions
        settings = try Settings(environment: environment ?? recording.environment)
        self.stores = stores
        platform = Platform.system(timers: timers, executor: executor)
    }

    /// Where a replay stops.
    public enum End: Sendable, Equatable {
        /// At the end of the recording.
        case all
        /// Behind the invocation at a position.
        case after(Int)
        /// In front of the invocation at a position: on the state it was decided upon.
        case before(Int)
    }

    /// Replays on the file at `store`, a copy of the recording's snapshot, which is left as the replay has made it.
    ///
    /// `progress` is called with the number of invocations done and that of all. With `renumbers`, units of work hold the
    /// replay's own numbers, for a recording that is written anew.
    public func run(
        store path: String, end: End = .all, renumbers: Bool = false,
        progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ReplayResult {
        let results = Results()
        let baton = Baton()
        let store = try stores.openSerially(path)
        let state = ReplayState(store, from: recording.number, renumbers: renumbers) { baton.hand() }
        let engine = try Engine(
            manifest: manifest, functions: functions, state: state, platform: platform, log: .none,
            settings: settings, observer: results)
        let plan = ReplayPlan(recording)
        var run = Run(
            recording: recording, engine: engine, executor: platform.executor, store: store, state: state,
            results: results, baton: baton,
            line: RecordLine(redaction: Redaction(fields: recording.redacted)) { $0 },
            replay: ReplayResult(
                remarks: recording.remarks + plan.remarks, beyond: plan.beyond.count, hole: plan.hole))
        for (number, step) in plan.steps.prefix(last(plan, end)) {
            if case .begin(let index, _) = step, case .before(index + 1) = end { continue }
            try await run.take(step)
            try state.reached(number)
            let done = run.replay.invocations.count
            if done % 256 == 0 { progress(done, recording.invocations.count) }
        }
        try await run.end()
        progress(run.replay.invocations.count, recording.invocations.count)
        return run.replay
    }

    private func last(_ plan: ReplayPlan, _ end: End) -> Int {
        let (position, isIncluded): (Int, Bool)
        switch end {
        case .all: return plan.steps.count
        case .after(let number): (position, isIncluded) = (number, true)
        case .before(let number): (position, isIncluded) = (number, false)
        }
        var last = 0
        for (index, (_, step)) in plan.steps.enumerated() {
            switch step {
            case .begin(let invocation, _), .goOn(let invocation):
                let isWanted = isIncluded ? invocation < position : invocation == position - 1
                if isWanted { last = isIncluded ? index + 1 : index }
            case .claim, .claimForReturn, .giveBack, .beginWrite, .endWrite: break
            }
        }
        return last
    }

    /// A replay under way: one step after the other.
    private struct Run {
        let recording: Recording
        let engine: Engine
        let executor: any TaskExecutor
        let store: any SerialStore
        let state: ReplayState
        let results: Results
        let baton: Baton
        var line: RecordLine
        var replay: ReplayResult
        /// What has been claimed for, or has begun, by its position.
        var turns: [Int: ReplayState.Turn] = [:]

        mutating func take(_ step: ReplayPlan.Step) async throws {
            switch step {
            case .claim(let index):
                let turn = ReplayState.Turn(recording.invocations[index], waits: false)
                turns[index] = turn
                try state.claim(turn, until: recording.invocations[index].event.time + .seconds(6))
            case .begin(let index, let waits): try await begin(index, waits: waits)
            case .goOn(let index):
                guard let turn = turns[index], turn.isParked else { break }
                state.begin(turn)
                turn.resume()
                while !turn.hasEnded { await baton.wait() }
                ended(turn, index)
            case .claimForReturn(let index):
                guard let claim = recording.returns[index].claim else { break }
                try state.claim(claim, until: recording.startedAt)
            case .giveBack(let index):
                let giveBack = recording.returns[index]
                let claim = try state.giveBack(queue: giveBack.queue, group: giveBack.group, giveBack.fate)
                let lease = giveBack.claim == nil ? nil : claim?.lease
                replay.returns.append((index, try store.number(), lease))
            case .beginWrite(let index):
                replay.writes.append((index, try state.begin(recording.writes[index], index), nil))
            case .endWrite(let index):
                let commit = try state.end(recording.writes[index], index)
                for place in replay.writes.indices where replay.writes[place].index == index {
                    replay.writes[place].commit = commit
                }
            }
        }

        private mutating func begin(_ index: Int, waits: Bool) async throws {
            let recorded = recording.invocations[index]
            guard let entry = engine.manifest.function(named: recorded.function) else {
                throw RecordingError(
                    recording.folder, "the manifest has no function '\(recorded.function)'")
            }
            let turn = ReplayState.Turn(recorded, waits: waits, claim: turns[index]?.claim)
            turns[index] = turn
            state.begin(turn)
            Task.immediate(executorPreference: executor) { [engine, baton] in
                _ = await engine.invoke(
                    entry, recorded.event, completing: turn.claim, replaying: recorded.taken)
                turn.end()
                baton.hand()
            }
            while !turn.isParked, !turn.hasEnded { await baton.wait() }
            if turn.hasEnded { ended(turn, index) }
        }

        private mutating func ended(_ turn: ReplayState.Turn, _ index: Int) {
            turns[index] = nil
            guard let record = results.take() else { return }
            replay.invocations.append(
                ReplayedInvocation(
                    recorded: turn.recorded, record: record, admission: turn.admission, commit: turn.commit,
                    lease: turn.claim?.lease, &line))
        }

        mutating func end() async throws {
            replay.numbers = state.numbers
            // What waits for a commit that is not replayed ends here.
            try store.close()
            state.begin(nil)
            for turn in turns.values where turn.isParked {
                turn.resume()
                while !turn.hasEnded { await baton.wait() }
            }
            replay.invocations.sort { $0.recorded.position < $1.recorded.position }
        }
    }

    /// Keeps what the pipeline tells of the one invocation that runs.
    private final class Results: InvocationObserver {
        private let record = Mutex<InvocationRecord?>(nil)

        func take() -> InvocationRecord? {
            record.withLock { record in
                defer { record = nil }
                return record
            }
        }

        func ended(_ record: InvocationRecord) { self.record.withLock { $0 = record } }

        func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {}
    }
}

/// Whose turn it is: the replayer's, or that of the invocation it waits for.
private final class Baton: Sendable {
    private struct State {
        var isHanded = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func hand() {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter else {
                state.isHanded = true
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isHanded = state.withLock { state in
                defer { state.isHanded = false }
                if !state.isHanded { state.waiter = continuation }
                return state.isHanded
            }
            if isHanded { continuation.resume() }
        }
    }
}
