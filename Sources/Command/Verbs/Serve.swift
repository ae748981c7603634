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

        With --workers above 1 this process starts that many others and serves nothing itself:
        they share the port and the store, and one that dies is started again. They end with it;
        a second SIGTERM or SIGINT ends them at once. --record takes one process.
        """

    private let program: Program
    private let arguments: Arguments
    private let host: String
    private let port: Int
    private let workers: Int
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
    }

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
        host = arguments[Self.host]
        port = try arguments.value(Self.port) ?? 8_000
        workers = try arguments.value(Self.workers) ?? 1
        part = { $0 }
        if workers > 1, arguments.has(Options.record) {
            throw UsageError(
                "--record takes one process, not --workers \(workers): a recording keeps the order in which one process did things"
            )
        }
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        raiseDescriptorLimit()
        guard workers > 1 else { return try serve(as: nil) }
        guard let text = program.environment[WorkerPlace.variable] else { return try supervise() }
        guard let place = WorkerPlace(text), place.count == workers else {
            throw UsageError("\(WorkerPlace.variable) is set, but not by the process that starts workers")
        }
        try place.take()
        return try serve(as: place)
    }

    /// Serves in this process: alone, or as one of several workers, whose beginning and end another process tells of.
    private func serve(as place: WorkerPlace?) throws -> Int32 {
        let signals = try StopSignals()
        let manifest = try part(Workshop.manifest(program, arguments))
        let objections = program.functions.objections(
            to: manifest, file: Workshop.manifestFile(arguments))
        guard objections.isEmpty else { throw EngineError.objections(objections) }
        let workshop = try Workshop(program, arguments, manifest)
        let (log, platform, loop) = (workshop.log, workshop.invoker.platform, workshop.loop)
        if place == nil { warn(of: workshop) }
        let server = Host(
            invoker: workshop.invoker, loop: loop, log: log, link: place.map { WorkerLink($0) })
        let left: Int = try workshop.run { [host, port] in
            let port = try await server.start(host: host, port: port)
            if let place {
                place.announce()
            } else {
                log.write(.info, "Serving on \(url(port))", fields(of: workshop), at: platform.now())
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
    private func supervise() throws -> Int32 {
        let signals = try WorkerSignals()
        // What is wrong with the settings, the manifest or the store is told once, by this process; and the store has
        // its present schema before several open it.
        let workshop = try Workshop(program, arguments, Workshop.manifest(program, arguments))
        try workshop.loop.run { [state = workshop.state] in await state.close() }
        defer { workshop.writer.close() }
        let (log, platform) = (workshop.log, workshop.invoker.platform)
        warn(of: workshop)
        let limits = HostLimits()
        let group = try WorkerGroup(count: workers, host: host, port: port, limits: limits)
        let start = SupervisorLoop.Start(
            path: SupervisorSpawn.thisProgram, arguments: CommandLine.arguments,
            environment: program.environment)
        var loop = SupervisorLoop(
            start, group: group, signals: signals, patience: limits.drain * 2, log: log, platform: platform,
            address: url(group.port), fields: fields(of: workshop) + [("workers", .integer(Int64(workers)))])
        let unfinished = loop.run()
        log.write(
            unfinished == 0 ? .info : .warning,
            unfinished == 0 ? "Stopped" : "Stopped before everything was finished",
            [("unfinished", .integer(Int64(unfinished)))], at: platform.now())
        return unfinished == 0 ? ExitStatus.done : ExitStatus.failed
    }

    /// What is not as it should be, and no reason not to serve.
    private func warn(of workshop: Workshop) {
        for warning in workshop.store.warnings {
            workshop.log.write(
                .warning, "The store is not private", [("reason", .string(warning))],
                at: workshop.invoker.platform.now())
        }
    }

    private func url(_ port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    private func fields(of workshop: Workshop) -> [(String, LogValue)] {
        [
            ("program", .string(program.name)), ("store", .string(workshop.manifest.store)),
            ("functions", .integer(Int64(workshop.manifest.functions.count))),
            ("environment", .string(workshop.settings.stage.rawValue)),
        ]
    }
}
