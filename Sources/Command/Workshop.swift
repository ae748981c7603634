internal import FoundationEssentials
internal import Glibc
internal import LocalHost
internal import Runtime
internal import Store

/// What the verbs that run functions have in common: settings, manifest, store, log and invoker.
struct Workshop {
    let settings: Settings
    let manifest: Manifest
    let loop: EventLoop
    let state: SQLiteState
    let writer: LogWriter
    let log: Log
    let invoker: Invoker

    /// Opens everything. `quiet` leaves log lines of successes out where `LOG_LEVEL` does not ask for them.
    init(
        _ program: Program, _ arguments: Arguments, _ manifest: Manifest, on loop: EventLoop? = nil,
        quiet: Bool = false
    ) throws {
        settings = try Settings(environment: program.environment)
        var manifest = manifest
        if let store = arguments["store"] { manifest.store = store }
        let missing = program.functions.missing(from: manifest, file: Workshop.manifestFile(arguments))
        guard missing.isEmpty else { throw InvokerError.missingHandlers(missing) }
        self.manifest = try settings.ready(manifest)
        let loop = try loop ?? EventLoop()
        self.loop = loop
        state = try SQLiteState(path: self.manifest.store)
        writer = try LogWriter(descriptor: STDERR_FILENO)
        let level = quiet && program.environment["LOG_LEVEL"] == nil ? .warning : settings.logLevel
        log = Log(level: level, format: program.console.isTerminal ? .terminal : .json, sink: writer)
        let platform = Platform.system(timers: loop, executor: loop)
        invoker = try Invoker(
            manifest: self.manifest, functions: program.functions, state: state, platform: platform, log: log,
            settings: settings)
    }

    static func manifest(_ program: Program, _ arguments: Arguments) throws -> Manifest {
        try Manifest(contentsOf: manifestFile(arguments), environment: program.environment)
    }

    private static func manifestFile(_ arguments: Arguments) -> String {
        arguments["manifest"] ?? "functions.yaml"
    }

    /// Runs `work` on the loop, then closes the store and the log, whatever came of it.
    func run<T: Sendable>(_ work: @escaping @Sendable () async throws -> T) throws -> T {
        defer {
            state.close()
            writer.close()
        }
        return try loop.run(work)
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
