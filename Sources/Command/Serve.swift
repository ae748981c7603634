internal import LocalHost
internal import Runtime

/// `serve`: all functions of the manifest, over HTTP, sockets and queues.
struct Serve: Verb {
    static let name = "serve"
    static let summary = "Serve the manifest's functions over HTTP, Socket.IO and queues."
    static let operands = ""
    static let options: [Option] = [
        .manifest,
        Option(name: "host", value: "ADDRESS", help: "The address to listen on (default: 127.0.0.1)."),
        Option(name: "port", value: "N", help: "The port to listen on, 0 for any free one (default: 8000)."),
        .store, .record, .redact, .recordLimit,
    ]
    static let details = """
        Logs to standard error, one JSON object a line (a readable form on a terminal).
        Stops cleanly on SIGTERM and SIGINT: what is in flight is finished first.
        Environment: ENVIRONMENT (development, production), SECRET_KEY, DEBUG, LOG_LEVEL,
        and whatever the manifest expands.
        """

    private let program: Program
    private let arguments: Arguments
    private let host: String
    private let port: Int

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
        host = arguments["host"] ?? "127.0.0.1"
        port = try arguments.integer("port", in: 0...65_535) ?? 8_000
    }

    func run() throws -> Int32 {
        ignoreBrokenPipes()
        raiseDescriptorLimit()
        let signals = try StopSignals()
        let workshop = try Workshop(program, arguments, Workshop.manifest(program, arguments))
        let (log, platform, loop) = (workshop.log, workshop.invoker.platform, workshop.loop)
        let server = Host(invoker: workshop.invoker, loop: loop, log: log)
        let left: Int = try workshop.run { [host, port, name = program.name] in
            let port = try await server.start(host: host, port: port)
            let shown = host.contains(":") ? "[\(host)]" : host
            log.write(
                .info, "Serving on http://\(shown):\(port)",
                [
                    ("program", .string(name)), ("store", .string(workshop.manifest.store)),
                    ("functions", .integer(Int64(workshop.manifest.functions.count))),
                    ("environment", .string(workshop.settings.stage.rawValue)),
                ], at: platform.now())
            await withCheckedContinuation { continuation in
                server.assumeIsolated { server in
                    do {
                        try server.onStop(signals) { continuation.resume() }
                    } catch { continuation.resume() }
                }
            }
            log.write(.info, "Stopping: finishing what is in flight", at: platform.now())
            let left = await server.stop()
            log.write(
                left == 0 ? .info : .warning,
                left == 0 ? "Stopped" : "Stopped before everything was finished",
                [("unfinished", .integer(Int64(left)))], at: platform.now())
            return left
        }
        return left == 0 ? ExitStatus.done : ExitStatus.failed
    }
}
