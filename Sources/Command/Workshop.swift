internal import Net
internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import LocalHost
internal import Runtime

/// What the verbs that run functions have in common: settings, manifest, store, log and invoker.
struct Workshop {
    let settings: Settings
    let manifest: Manifest
    let loop: EventLoop
    let store: Store
    let state: any SharedState
    let writer: LogWriter
    let log: Log
    let invoker: Engine
    let recorder: Recorder?
    /// Tells the recording of another process what is done here.
    let part: RecordingPart?

    /// Opens everything. `store` goes before the option and the manifest; `quiet` leaves log lines of successes out where
    /// `LOG_LEVEL` does not ask for them; a worker's recording has been begun by the process that started it.
    init(
        _ program: Program, _ arguments: Arguments, _ manifest: Manifest, on loop: EventLoop? = nil,
        store: String? = nil, quiet: Bool = false, isWorker: Bool = false
    ) throws {
        settings = try Settings(environment: program.environment)
        var manifest = manifest
        if let store = store ?? arguments[Options.store] { manifest.store = store }
        let missing = program.functions.missing(from: manifest, file: Workshop.manifestFile(arguments))
        guard missing.isEmpty else { throw EngineError.missingHandlers(missing) }
        self.store = try StoreEngines.store(manifest.store)
        self.manifest = try settings.ready(manifest, keysAt: self.store.place)
        let loop = try loop ?? EventLoop()
        self.loop = loop
        state = try self.store.open()
        writer = try LogWriter(descriptor: STDERR_FILENO)
        let level = quiet && program.environment["LOG_LEVEL"] == nil ? .warning : settings.logLevel
        log = Log(level: level, format: program.console.isTerminal ? .terminal : .json, sink: writer)
        let platform = Platform.system(timers: loop, executor: loop)
        if let folder = arguments[Options.record], !isWorker {
            recorder = try Workshop.recorder(
                folder, of: self.store, program, arguments, self.manifest, log, platform)
        } else {
            recorder = nil
        }
        part =
            recorder?.isMarked == true
            ? nil : RecordingPart(beside: self.store, log: log, platform: platform)
        invoker = try Engine(
            manifest: self.manifest, functions: program.functions, state: state, platform: platform, log: log,
            settings: settings, observer: Observers.of(recorder, part))
    }

    /// Commits writes that are no function's; with `session`, only while that is open. Whether it was.
    func write(
        _ writes: [UnitOfWork.Write], by command: String, at now: Timestamp, session: String? = nil
    ) async throws -> Bool {
        let request = AdmissionRequest(
            function: command, now: now, session: session, rates: [], concurrency: 1)
        switch try await state.admit(request) {
        case .admitted(let ticket, _):
            let decision = try await state.commit(
                UnitOfWork(writes: writes), at: now, ticket: ticket, completing: nil)
            if case .committed(let number) = decision {
                part?.wrote(
                    writes, by: command, at: now, session: session, admission: ticket.number,
                    commit: number)
            }
            return true
        case .sessionEnded(let number), .sessionOfAnother(let number):
            part?.wrote([], by: command, at: now, session: session, admission: number, commit: nil)
            return false
        case .answered, .rateExceeded, .concurrencyExceeded: throw StoreError.busy
        }
    }

    /// Two who are told of each invocation.
    private struct Observers: InvocationObserver {
        let first: any InvocationObserver
        let second: any InvocationObserver

        static func of(_ recorder: Recorder?, _ part: RecordingPart?) -> (any InvocationObserver)? {
            guard let recorder else { return part }
            guard let part else { return recorder }
            return Observers(first: recorder, second: part)
        }

        func ended(_ record: InvocationRecord) {
            first.ended(record)
            second.ended(record)
        }

        func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
            first.gaveBack(claim, fate, number: number, wasRun: wasRun)
            second.gaveBack(claim, fate, number: number, wasRun: wasRun)
        }
    }

    private static func recorder(
        _ folder: String, of store: Store, _ program: Program, _ arguments: Arguments,
        _ manifest: Manifest, _ log: Log, _ platform: Platform
    ) throws -> Recorder {
        guard let yaml = FileManager.default.contents(atPath: manifestFile(arguments)) else {
            throw UsageError("\(manifestFile(arguments)) cannot be read")
        }
        var limits = Recorder.Limits()
        if let megabytes = try arguments.value(Options.recordLimit) {
            limits.totalBytes = megabytes << 20
            limits.partBytes = min(limits.partBytes, max(limits.totalBytes / 4, 1 << 20))
        }
        return try Recorder(
            folder: folder, of: store, manifest: manifest, yaml: [UInt8](yaml),
            environment: program.environment, program: "\(program.name) \(program.version)",
            redact: arguments[Options.redact], log: log, platform: platform, limits: limits)
    }

    static func manifest(_ program: Program, _ arguments: Arguments) throws -> Manifest {
        try Manifest(contentsOf: manifestFile(arguments), environment: program.environment)
    }

    /// The manifest's path.
    static func manifestFile(_ arguments: Arguments) -> String {
        arguments[Options.manifest] ?? "functions.yaml"
    }

    /// Runs `work` on the loop, then closes the store and the log, whatever came of it.
    func run<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
        defer {
            recorder?.close()
            part?.close()
            writer.close()
        }
        return try loop.run { [state] in
            let result: Result<T, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            await state.close()
            return try result.get()
        }
    }
}

extension Manifest {
    /// The entry of a function; a wrong name is wrong usage.
    func entry(_ name: String) throws(UsageError) -> FunctionEntry {
        if let entry = function(named: name) { return entry }
        let suggestion = nearest(name, among: functions.map(\.name)).map { " (did you mean '\($0)'?)" } ?? ""
        throw UsageError("no function '\(name)' in the manifest\(suggestion)")
    }
}
