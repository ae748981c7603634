internal import Net
internal import Base
internal import FoundationEssentials
internal import Ledger
internal import LocalHost
internal import Runtime

/// What `replay DIR --against URL` does: options, fresh tokens, progress, and the result's output.
///
/// Callers who signed in within the recording sign in again. For the others it opens sessions in the host's own store,
/// as `token` does, so it needs the host's manifest, store and SECRET_KEY then.
struct AgainstCommand {
    /// How long the sessions last that are opened for the callers.
    private static let lifetime: Duration = .seconds(24 * 3_600)
    /// How many sessions are opened in one commit.
    private static let batch = 500

    private let program: Program
    private let arguments: Arguments
    private let url: String
    private let speed: Against.Speed

    /// Reads `--speed` (`1x`, `0.5x`, `max`; default `max`) and `--allow-remote`. Throws a `UsageError`.
    init(_ program: Program, _ arguments: Arguments, url: String) throws {
        self.program = program
        self.arguments = arguments
        self.url = url
        speed = try arguments.value(Replay.speed)
        do throws(AgainstError) { _ = try TargetHost(url: url) } catch {
            throw UsageError("--against: \(error)")
        }
    }

    /// Sends the invocations that are chosen. Exit status 0 where every answer was the recorded one.
    func run(_ recording: Recording, _ selection: ReplaySelection, title: String) throws -> Int32 {
        let loop = try EventLoop()
        let platform = Platform.system(timers: loop, executor: loop)
        var settings = Against.Settings(
            url: url, speed: speed, isWanted: selection.contains, allowRemote: arguments[Replay.allowRemote],
            platform: platform, sign: { _ in nil }, mask: selection.mask)
        let callers = try Against(settings).callers(of: recording)
        let tokens = callers.isEmpty ? [:] : try openSessions(for: callers)
        settings.sign = { tokens[Self.key($0)] }
        let against = try Against(settings)
        let bar = ProgressBar(console: program.console, label: "Sending")
        let result = try loop.run {
            try await against.run(recording) { bar.show($0, of: $1) }
        }
        bar.clear()
        try write(result, recording, title)
        program.console.output(arguments[Options.json] ? try result.json() + "\n" : result.text())
        for remark in recording.remarks { program.console.error("\(remark)\n") }
        return result.isIdentical ? ExitStatus.done : ExitStatus.failed
    }

    /// Writes what `--report` and `--junit` ask for.
    private func write(_ result: AgainstResult, _ recording: Recording, _ title: String) throws {
        let entries = result.entries.compactMap { entry -> ReplayReport.Entry? in
            guard recording.invocations.indices.contains(entry.position - 1) else { return nil }
            let failure = entry.failure.map {
                Difference(path: "answer", recorded: String(entry.recordedStatus), replayed: $0.description)
            }
            return ReplayReport.Entry(
                recording.invocations[entry.position - 1], replayed: entry.latency ?? .zero,
                differences: entry.differences + (failure.map { [$0] } ?? []))
        }
        try ReplayFiles(title: "\(title) against \(url)", recording: recording).write(
            entries, left: [], remarks: recording.remarks, arguments, program.console)
    }

    // MARK: Tokens

    private static func key(_ claims: Claims) -> String {
        ([claims.subject] + claims.roles).joined(separator: "\n")
    }

    private func openSessions(for callers: [Claims]) throws -> [String: String] {
        var manifest = try Workshop.manifest(program, arguments)
        if let store = arguments[Options.store] { manifest.store = store }
        guard FileManager.default.fileExists(atPath: manifest.store) else {
            throw UsageError(
                "\(callers.count) players need a session in the host's store, and \(manifest.store) is not there: name it with --store"
            )
        }
        let workshop = try Workshop(program, arguments, manifest, quiet: true)
        let tokens = try workshop.run { try await Self.openSessions(for: callers, workshop) }
        program.console.error("Opened \(tokens.count) sessions in \(manifest.store)\n")
        return tokens
    }

    private static func openSessions(
        for callers: [Claims], _ workshop: Workshop
    ) async throws -> [String: String] {
        let now = workshop.invoker.platform.now()
        let signer = Tokens(workshop.manifest.auth)
        var tokens: [String: String] = [:]
        var writes: [UnitOfWork.Write] = []
        for (index, caller) in callers.enumerated() {
            let session = SessionToken(
                id: workshop.invoker.platform.secretIdentifier("session"), for: caller.subject,
                roles: caller.roles, now: now, lifetime: lifetime
            ) { signer.sign($0, now: now) }
            guard let session else { throw TokenError.noIssuer }
            tokens[key(caller)] = session.token
            writes.append(session.write)
            guard writes.count == batch || index == callers.count - 1 else { continue }
            guard try await workshop.write(writes, by: "replay", at: now) else { throw StoreError.busy }
            writes = []
        }
        return tokens
    }
}

extension Against.Speed {
    /// Reads `--speed`.
    init(_ text: String) throws(UsageError) {
        if text == "max" {
            self = .max
            return
        }
        guard text.hasSuffix("x"), let factor = Double(text.dropLast()), factor >= 0.001, factor <= 1_000
        else {
            throw UsageError("--speed must be max, or a factor such as 1x, 0.5x or 20x (0.001x to 1000x)")
        }
        self = .recorded(factor: factor)
    }
}
