public import Base
public import Ledger
public import Runtime
public import SQLite
internal import Synchronization

/// An invoker over a real store, with a clock, seeds and timers that the test holds.
public final class TestRuntime: Sendable {
    /// The key that tokens are signed with.
    public static let key = "0123456789abcdef0123456789abcdef"
    /// Who signs tokens.
    public static let issuer = Issuer(issuer: "gestaloka", audience: "gestaloka", key: key)
    /// When every test begins: 2026-01-01T00:00:00Z.
    public static let start = Timestamp(milliseconds: 1_767_225_600_000)

    /// Where the store is.
    public let directory: TemporaryDirectory
    /// The store.
    public var state: any SharedState { store.state }
    /// What runs the functions.
    public let invoker: Engine
    /// Deadlines.
    public let timers = ManualTimers()
    /// The recording, where there is one, in the directory's folder `recording`.
    public let recorder: Recorder?
    /// The log.
    public let lines = LogLines()
    /// Signs and checks tokens.
    public let tokens = Tokens([TestRuntime.issuer])
    private let store: TestStore
    private let clock = Mutex(TestRuntime.start)
    private let time = Mutex(Duration.zero)
    private let seeds = Atomic<UInt64>(0)
    private let secrets = Atomic<UInt64>(0)

    /// Runs `entries` with `functions`.
    public convenience init(
        _ entries: [FunctionEntry], _ functions: any Function..., environment: [String: String] = [:],
        storeLimits: StoreLimits = StoreLimits()
    ) throws {
        var set = FunctionSet()
        for function in functions { set.add(function) }
        try self.init(Manifest(functions: entries), set, environment: environment, storeLimits: storeLimits)
    }

    /// Runs the functions of a manifest; its issuers are replaced by the test's own. With `other`, on the same store as
    /// another process.
    public init(
        _ manifest: Manifest, _ functions: FunctionSet, environment: [String: String] = [:],
        storeLimits: StoreLimits = StoreLimits(), sharing other: TestRuntime? = nil, records: Bool = false
    ) throws {
        directory = try other?.directory ?? TemporaryDirectory()
        store = try TestStore(directory.file("store.db"), limits: storeLimits)
        var manifest = manifest
        manifest.auth = [Self.issuer]
        let box = Box()
        let platform = Platform(
            now: { box.runtime?.now ?? TestRuntime.start }, uptime: { box.runtime?.uptime ?? .zero },
            seed: { box.runtime?.seeds.add(1, ordering: .relaxed).newValue ?? 0 },
            secret: { box.runtime?.nextSecret() ?? SecretNumber(high: 0, low: 0) }, timers: timers,
            executor: globalConcurrentExecutor)
        let settings = try Settings(environment: environment)
        let log = Log(level: settings.logLevel, format: .json, sink: lines)
        recorder =
            records
            ? try Recorder(
                folder: directory.file("recording"), of: .file(directory.file("store.db")),
                manifest: manifest,
                yaml: [], environment: environment, program: "test 1", redact: [], log: log,
                platform: platform) : nil
        invoker = try Engine(
            manifest: manifest, functions: functions, state: store.state, platform: platform,
            log: log, settings: settings, observer: recorder)
        box.set(self)
    }

    deinit {
        recorder?.close()
        store.close()
    }

    /// The time.
    public var now: Timestamp { clock.withLock { $0 } }
    /// The time that durations are measured by.
    public var uptime: Duration { time.withLock { $0 } }

    private func nextSecret() -> SecretNumber {
        SecretNumber(high: 0x5ec2_e700, low: secrets.add(1, ordering: .relaxed).newValue)
    }

    /// Lets time pass.
    public func advance(by duration: Duration) {
        clock.withLock { $0 = $0 + duration }
        time.withLock { $0 += duration }
    }

    /// Lets the durations go on without the wall clock.
    public func spend(_ duration: Duration) { time.withLock { $0 += duration } }

    /// An event of a caller whose claims are verified; of nobody without `player`.
    public func event(
        _ data: String = #"{"text":"x"}"#, as player: String? = "player_1", roles: [String] = [],
        trigger: Event.Source = .direct, id: String = "req_1"
    ) -> Event {
        Event(
            id: id, time: now, trigger: trigger,
            credential: player.map { .verified(Claims(subject: $0, roles: roles)) } ?? .none,
            data: Array(data.utf8))
    }

    /// Runs a function of the manifest by its name.
    public func invoke(_ event: Event, _ name: String = "probe", completing claim: JobClaim? = nil)
        async throws
        -> Outcome
    {
        let entry = invoker.manifest.function(named: name) ?? FunctionEntry(name: name, handler: "none")
        return await invoker.invoke(entry, event, completing: claim)
    }

    /// Invokes until another answer than "too busy" comes: a ticket is given back a moment after its answer.
    public func invokeWhenFree(_ event: Event) async throws -> Outcome {
        for _ in 0..<100_000 {
            let outcome = try await invoke(event)
            if outcome.status != 503 { return outcome }
            await Task.yield()
        }
        return try await invoke(event)
    }

    /// Opens a session in the store and signs its token.
    public func session(_ id: String, of subject: String, roles: [String] = []) async throws -> String {
        let end = now + .seconds(3_600)
        try await write([.openSession(id: id, subject: subject, expiresAt: end)])
        return tokens.sign(
            Claims(subject: subject, session: id, roles: roles, expiresAt: end), now: now) ?? ""
    }

    /// Changes the store as a function would.
    public func write(_ writes: [UnitOfWork.Write]) async throws {
        let request = AdmissionRequest(
            function: "test", now: now, session: nil, rates: [], concurrency: 1_000)
        guard case .admitted(let ticket, _) = try await state.admit(request) else { return }
        _ = try await state.commit(UnitOfWork(writes: writes), at: now, ticket: ticket, completing: nil)
    }

    private final class Box: Sendable {
        private struct Reference: Sendable { weak var runtime: TestRuntime? }
        private let reference = Mutex(Reference())
        var runtime: TestRuntime? { reference.withLock { $0.runtime } }
        func set(_ runtime: TestRuntime) { reference.withLock { $0.runtime = runtime } }
    }
}
