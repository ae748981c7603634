internal import Glibc
internal import Ledger
internal import Net
internal import LocalHost
internal import Runtime

/// `serve`: all functions of the manifest, over HTTP, sockets and queues.
struct Serve: Verb {
    static let name = "serve"
    static let summary = "Serve the manifest's functions over HTTP, Socket.IO and queues."
    static let operands = ""
    static let host = Option.text(
        "host", "ADDRESS", or: "127.0.0.1", help: "The address to listen on (default: 127.0.0.1).")
    static let port = Option.number(
        "port", "N", in: 0...65_535, help: "The port to listen on, 0 for any free one (default: 8000).")
    static let workers = Option.number(
        "workers", "N", in: HostLimits.workers, help: "Processes that serve together, 1 to 64 (default: 1).")
    static let options: [any OptionDeclaration] = [
        Options.manifest, host, port, workers, Options.store, Options.record, Options.redact,
        Options.recordLimit,
    ]
    static let details = """
        Logs to standard error, one JSON object a line (a readable form on a terminal).
        Stops cleanly on SIGTERM and SIGINT: what is in flight is finished first.
        Environment: ENVIRONMENT (development, production), SECRET_KEY, DEBUG, LOG_LEVEL,
        and whatever the manifest expands.

        This process listens, and starts another one that serves, or as many as --workers says,
        which share the port and the store. One that dies is started again at once, and clients
        that come meanwhile wait. They end with this one; a further SIGTERM or SIGINT, half a second
        after the first or later, ends them at once.

        Under systemd it says when it serves (Type=notify, WatchdogSec=), and takes the socket that
        is passed to it (LISTEN_FDS).

        --record tells of every process on the store: workers, other hosts, commands, and those of
        functions.
        """

    private let program: Program
    private let arguments: Arguments
    private let host: String
    private let port: Int
    private let workers: Int
    /// It is the program of one function, which serves in this process and starts no other, whatever the manifest says.
    private let isAlone: Bool
    /// What of the manifest is served.
    private let part: @Sendable (Manifest) throws -> Manifest

    /// Serves a part of the manifest in this process.
    init(
        _ arguments: Arguments, _ program: Program, host: String, port: Int,
        part: @escaping @Sendable (Manifest) throws -> Manifest
    ) {
        (self.arguments, self.program, self.host, self.port, self.part) = (
            arguments, program, host, port, part
        )
        workers = 1
        isAlone = true
    }

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
        host = arguments[Self.host]
        port = try arguments.value(Self.port) ?? 8_000
        workers = try arguments.value(Self.workers) ?? 1
        part = { $0 }
        isAlone = false
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        raiseDescriptorLimit()
        if isAlone { return try serve(as: nil) }
        guard let text = program.environment[WorkerPlace.variable] else { return try supervise() }
        guard let place = WorkerPlace(text), place.count == workers else {
            throw UsageError("\(WorkerPlace.variable) is set, but not by the process that starts workers")
        }
        try place.take(as: program.name)
        return try serve(as: place)
    }

    /// Serves in this process: alone, or as a worker, whose beginning and end another process tells of.
    private func serve(as place: WorkerPlace?) throws -> Int32 {
        let signals = try StopSignals()
        let manifest = try checked().manifest
        let workshop = try Workshop(program, arguments, manifest, isWorker: place != nil)
        let (log, platform, loop) = (workshop.log, workshop.invoker.platform, workshop.loop)
        if place.map({ $0.index == 0 && $0.start == 1 }) ?? true { warn(of: workshop) }
        let server = try Host(
            invoker: workshop.invoker, loop: loop, log: log, link: place.flatMap { WorkerLink($0) },
            programs: isAlone ? nil : FunctionPrograms(program, arguments, workshop).forHost())
        let left: Int = try workshop.run { [host, port] in
            if let place {
                try await server.start(inherited: place.listener)
                place.announce()
                await server.whileServing(every: HostLimits().sign) { place.announce() }
            } else {
                let port = try await server.start(host: host, port: port)
                log.write(
                    .info, "Serving on \(url(host, port))",
                    fields(workshop.settings, workshop.manifest), at: platform.now())
            }
            let level: LogLevel = place == nil ? .info : .debug
            let worker = place.map { [("worker", LogValue.integer(Int64($0.index)))] } ?? []
            await withCheckedContinuation { continuation in
                server.assumeIsolated { server in
                    do {
                        try server.onStop(signals) { continuation.resume() }
                    } catch { continuation.resume() }
                }
            }
            log.write(level, "Stopping: finishing what is in flight", worker, at: platform.now())
            let left = await server.stop()
            log.write(
                left == 0 ? level : .warning,
                left == 0 ? "Stopped" : "Stopped before everything was finished",
                worker + [("unfinished", .integer(Int64(left)))], at: platform.now())
            return left
        }
        return left == 0 ? ExitStatus.done : ExitStatus.failed
    }

    /// Starts the workers, and sees to it that they serve until this process is asked to stop.
    ///
    /// It opens no store, and is small: what is wrong with the settings or the manifest it tells itself, and what is wrong
    /// with the store the first worker.
    private func supervise() throws -> Int32 {
        let signals = try WorkerSignals()
        let (settings, manifest) = try checked()
        // A recording begins before any worker, and ends behind the last: what they do is told in parts of their own.
        let recorded = arguments.has(Options.record) ? try recording(manifest) : nil
        defer {
            recorded?.recorder?.close()
            recorded?.writer.close()
        }
        let limits = HostLimits()
        let passed = try passedSocket()
        let group =
            try passed.map { try WorkerGroup(count: workers, passed: $0, limits: limits) }
            ?? WorkerGroup(count: workers, host: host, port: port, limits: limits)
        let writer = try LogWriter(descriptor: STDERR_FILENO)
        defer { writer.close() }
        let log = Log(
            level: settings.logLevel, format: program.console.isTerminal ? .terminal : .json, sink: writer)
        let loop = try EventLoop()
        let platform = Platform.system(timers: loop, executor: loop)
        if let others = passed?.others, others > 0 {
            log.write(
                .warning, "Of the sockets that were passed to this process only the first is used",
                [("others", .integer(Int64(others)))], at: platform.now())
        }
        // What is said to this process is not said to those that it starts.
        let ours = Set(ServiceManager.variables + PassedSocket.variables)
        let start = SupervisorLoop.Start(
            path: SupervisorSpawn.thisProgram, arguments: CommandLine.arguments,
            environment: Allocator.tuned(program.environment.filter { !ours.contains($0.key) }))
        var supervisor = SupervisorLoop(
            start, group: group, signals: signals, limits: limits, log: log, platform: platform,
            manager: ServiceManager(environment: program.environment, pid: getpid()),
            address: url(group.host, group.port),
            fields: fields(settings, manifest)
                + (workers > 1 ? [("workers", .integer(Int64(workers)))] : []))
        switch supervisor.run() {
        case .told(let status): return status
        case .stopped(let unfinished):
            log.write(
                unfinished == 0 ? .info : .warning,
                unfinished == 0 ? "Stopped" : "Stopped before everything was finished",
                [("unfinished", .integer(Int64(unfinished)))], at: platform.now())
            return unfinished == 0 ? ExitStatus.done : ExitStatus.failed
        }
    }

    /// The socket that was passed to this process, if there is one.
    private func passedSocket() throws -> PassedSocket? {
        guard let passed = try PassedSocket(environment: program.environment, pid: getpid()) else {
            return nil
        }
        guard !arguments.has(Self.host), !arguments.has(Self.port) else {
            throw UsageError(
                "a listening socket was passed to this process (LISTEN_FDS): --host and --port are its maker's to say"
            )
        }
        return passed
    }

    /// The settings and what of the manifest is served, where nothing is wrong that can be seen before anything is opened.
    private func checked() throws -> (settings: Settings, manifest: Manifest) {
        let settings = try Settings(environment: program.environment)
        var manifest = try part(Workshop.manifest(program, arguments))
        if let store = arguments[Options.store] { manifest.store = store }
        let file = Workshop.manifestFile(arguments)
        let missing = program.functions.missing(from: manifest, file: file)
        guard missing.isEmpty else { throw EngineError.missingHandlers(missing) }
        let objections =
            program.functions.objections(to: manifest, file: file)
            + (isAlone ? [] : FunctionPrograms.objections(to: manifest, file: file))
        guard objections.isEmpty else { throw EngineError.objections(objections) }
        let store = try StoreEngines.store(manifest.store)
        // Development makes what is missing, beside its store.
        if settings.stage == .production { _ = try settings.ready(manifest, keysAt: store.place) }
        return (settings, manifest)
    }

    /// Opens the store to begin a recording of it, and closes it again.
    private func recording(_ manifest: Manifest) throws -> Workshop {
        let workshop = try Workshop(program, arguments, manifest)
        try workshop.loop.run { [state = workshop.state] in await state.close() }
        try workshop.recorder?.requireMark()
        return workshop
    }

    /// What is not as it should be, and no reason not to serve.
    private func warn(of workshop: Workshop) {
        for warning in workshop.store.warnings {
            workshop.log.write(
                .warning, "The store is not private", [("reason", .string(warning))],
                at: workshop.invoker.platform.now())
        }
    }

    private func url(_ host: String, _ port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    private func fields(_ settings: Settings, _ manifest: Manifest) -> [(String, LogValue)] {
        [
            ("program", .string(program.name)), ("store", .string(manifest.store)),
            ("functions", .integer(Int64(manifest.functions.count))),
            ("environment", .string(settings.stage.rawValue)),
        ]
    }
}
