import Base
import FoundationEssentials
import Ledger
@testable import Engine
@testable import Functions
@testable import Identity
@testable import Manifest
@testable import Observability
@testable import Recording
import Runtime
import SQLite
import Synchronization
import TestSupport

/// Functions over a real store that are recorded, and the recording.
final class Play: Sendable {
    let directory: TemporaryDirectory
    private let opened: TestStore
    let invoker: Engine
    let recorder: Recorder
    let timers = ManualTimers()
    let lines = LogLines()
    let tokens = Tokens([TestRuntime.issuer])
    private let manifest: Manifest
    private let clock: Mutex<Timestamp>

    var folder: String { directory.file("recording") }
    var state: any SharedState { opened.state }
    var store: String { directory.file("store.db") }

    init(
        _ entries: [FunctionEntry], _ functions: any Function..., limits: Recorder.Limits = Recorder.Limits(),
        redact: [String] = [], yaml: String = "version: 1\n", environment: [String: String] = [:],
        faulty: FaultyState? = nil, store storeLimits: StoreLimits = StoreLimits(),
        before: (any SharedState) async throws -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        opened = try TestStore(directory.file("store.db"), limits: storeLimits)
        let state = opened.state
        try await before(state)
        faulty?.stand(before: state)
        manifest = Manifest(auth: [TestRuntime.issuer], functions: entries)
        let log = Log(level: .info, format: .json, sink: lines)
        let time = Clock()
        let platform = Platform(
            now: { TestRuntime.start }, uptime: { time.next() }, seed: { time.seed() },
            secret: { SecretNumber(high: 7, low: time.seed()) }, timers: timers,
            executor: globalConcurrentExecutor)
        recorder = try Recorder(
            folder: directory.file("recording"), of: .file(directory.file("store.db")), manifest: manifest,
            yaml: Array(yaml.utf8),
            environment: environment, program: "test 1", redact: redact, log: log, platform: platform,
            limits: limits)
        clock = Mutex(TestRuntime.start)
        var set = FunctionSet()
        for function in functions { set.add(function) }
        invoker = try Engine(
            manifest: manifest, functions: set, state: faulty ?? state, platform: platform,
            log: Log(level: nil, format: .json, sink: lines),
            settings: Settings(environment: environment), observer: recorder)
    }

    deinit {
        recorder.close()
        opened.close()
    }

    /// One for what needs no clock that goes on.
    static let platform = Platform(
        now: { TestRuntime.start }, uptime: { .zero }, seed: { 1 },
        secret: { SecretNumber(high: 0, low: 1) }, timers: ManualTimers(),
        executor: globalConcurrentExecutor)

    /// A millisecond later with each look, and another seed.
    private final class Clock: Sendable {
        private let ticks = Atomic<Int64>(0)
        private let seeds = Atomic<UInt64>(.max - 100)
        func next() -> Duration { .milliseconds(ticks.add(1, ordering: .relaxed).newValue) }
        func seed() -> UInt64 { seeds.wrappingAdd(1, ordering: .relaxed).newValue }
    }

    var now: Timestamp { clock.withLock { $0 } }
    func advance(by duration: Duration) { clock.withLock { $0 = $0 + duration } }

    func event(
        _ id: String, _ deed: String, _ target: String = "1", as player: String? = "player_1",
        address: String? = nil,
        trigger: Event.Source = .direct
    ) -> Event {
        Event(
            id: id, time: now, trigger: trigger,
            credential: player.map { .verified(Claims(subject: $0)) } ?? .none, address: address,
            data: Array(#"{"deed":"\#(deed)","target":"\#(target)"}"#.utf8))
    }

    @discardableResult
    func invoke(_ event: Event, _ name: String = "deed", completing claim: JobClaim? = nil) async -> Outcome {
        let entry = manifest.function(named: name) ?? FunctionEntry(name: name, handler: "none")
        return await invoker.invoke(entry, event, completing: claim)
    }

    @discardableResult
    func does(_ id: String, _ deed: String, _ target: String = "1") async -> Outcome {
        await invoke(event(id, deed, target))
    }

    /// Ends the recording and reads it.
    func recording() throws -> Recording {
        recorder.close()
        return try Recording(folder: folder)
    }

    /// Runs the recording again on a copy of its snapshot; the result, and where the store is.
    func replay(
        _ recording: Recording? = nil, with functions: any Function..., end: Replayer.End = .all,
        renumbers: Bool = false,
        manifest other: Manifest? = nil
    ) async throws -> (result: ReplayResult, store: String) {
        let recording = try recording ?? self.recording()
        var set = FunctionSet()
        for function in functions { set.add(function) }
        let replayer = try Replayer(
            recording, functions: set, manifest: other ?? manifest, stores: TestStore.engine, timers: timers,
            executor: globalConcurrentExecutor)
        let copy = directory.file("replay-\(UUID().uuidString).db")
        try FileManager.default.copyItem(atPath: recording.snapshotPath, toPath: copy)
        return (try await replayer.run(store: copy, end: end, renumbers: renumbers), copy)
    }
}

extension ReplayResult {
    /// The ids of invocations that came out otherwise.
    var different: [String] { invocations.filter { !$0.isIdentical }.map(\.recorded.event.id) }

    /// What came out otherwise, for a failed expectation.
    var account: String {
        invocations.filter { !$0.isIdentical }.map { invocation in
            "\(invocation.recorded.event.id): \(invocation.recorded.answer) \(invocation.recorded.unit) \(invocation.recorded.log) -> \(invocation.answer) \(invocation.unit) \(invocation.log)"
        }.joined(separator: "\n") + remarks.joined(separator: "\n")
    }
}
