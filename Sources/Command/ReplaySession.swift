internal import Net
internal import FoundationEssentials
internal import LocalHost
internal import Runtime

/// Replays one recording, under its own manifest or the one that `--manifest` names.
struct ReplaySession {
    /// The manifest of `--manifest`, where that is another than the recording's.
    let newManifest: Recording.NewManifest?

    private let program: Program
    private let arguments: Arguments
    private let recording: Recording
    private let manifest: Manifest?
    private let environment: [String: String]

    init(_ program: Program, _ arguments: Arguments, _ recording: Recording) throws {
        self.program = program
        self.arguments = arguments
        self.recording = recording
        guard let file = arguments["manifest"] else {
            (manifest, newManifest, environment) = (nil, nil, recording.environment)
            return
        }
        let yaml = [UInt8](FileManager.default.contents(atPath: file) ?? Data())
        let named = recording.environment(for: nil, yaml: yaml, of: program.environment)
        let manifest = try Manifest(contentsOf: file, environment: named)
        environment = recording.environment(for: manifest, yaml: yaml, of: program.environment)
        self.manifest = manifest
        let own = FileManager.default.contents(atPath: recording.manifestPath).map { [UInt8]($0) }
        let isOther = own != yaml || environment != recording.environment
        newManifest =
            isOther ? Recording.NewManifest(manifest, yaml: yaml, environment: environment) : nil
    }

    /// Runs the recording again on a copy of its snapshot, at `store`.
    func replay(on store: String, end: Replayer.End = .all, renumbers: Bool = false) throws -> ReplayResult {
        do {
            try FileManager.default.copyItem(atPath: recording.snapshotPath, toPath: store)
        } catch { throw UsageError("\(recording.snapshotPath) cannot be copied to \(store)") }
        let loop = try EventLoop()
        let replayer = try Replayer(
            recording, functions: program.functions, manifest: manifest, environment: environment,
            stores: StoreEngines.ofRecordings, timers: loop, executor: loop)
        let bar = ProgressBar(console: program.console, label: "Replaying")
        defer { bar.clear() }
        return try loop.run {
            try await replayer.run(store: store, end: end, renumbers: renumbers) { bar.show($0, of: $1) }
        }
    }

    // MARK: Fork

    /// Leaves the store as it was in front of an invocation, and prints the command that runs it there.
    func fork(_ word: String) throws -> Int32 {
        let position = Int(word) ?? recording.invocations.first { $0.event.id == word }?.position ?? 0
        guard (1...max(1, recording.invocations.count)).contains(position), !recording.invocations.isEmpty
        else {
            throw UsageError(
                "--fork: the recording has no invocation '\(word)'; there are \(recording.invocations.count)")
        }
        let store = arguments["store"] ?? "fork.db"
        let event = store + ".event.json"
        for file in [store, event] where FileManager.default.fileExists(atPath: file) {
            throw UsageError("--fork: \(file) is there already; name another with --store")
        }
        _ = try replay(on: store, end: .before(position))
        let invocation = recording.invocations[position - 1]
        do {
            try PrivateFile.write(invocation.cloudEvent + "\n", to: event)
        } catch { throw UsageError("\(event) cannot be written") }
        program.console.error(
            "The store as it was in front of #\(position) \(invocation.function): \(store)\n")
        let fork = Fork(
            position: position, function: invocation.function, store: store, event: event,
            environment: variables,
            command: [
                program.name, "invoke", invocation.function, "--event", event, "--store", store, "--manifest",
                arguments["manifest"] ?? recording.manifestPath,
            ])
        program.console.output(
            arguments.has("json") ? try jsonText(fork) + "\n" : fork.commandLine + "\n")
        return ExitStatus.done
    }

    /// The variables of the recording that the command needs and this process does not have.
    private var variables: [String: String] {
        environment.filter { name, value in
            !["ENVIRONMENT", "DEBUG"].contains(name) && !recording.withheld.contains(name)
                && program.environment[name] != value
        }
    }

    /// What `--json` prints of a fork.
    private struct Fork: Encodable {
        let position: Int
        let function: String
        let store: String
        let event: String
        let environment: [String: String]
        let command: [String]

        /// For a shell.
        var commandLine: String {
            let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }
            return (variables + command.map(quoted)).joined(separator: " ")
        }

        private func quoted(_ word: String) -> String {
            let isPlain = word.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "_-./:@%+=,".utf8.contains(byte)
                }
            }
            return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
        }
    }
}
