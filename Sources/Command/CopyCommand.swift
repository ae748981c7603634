internal import LocalHost
internal import Runtime
internal import SQLite

/// What `backup` and `restore` have in common: a store, a file, and a copy from one to the other that can be stopped.
struct CopyCommand {
    private let program: Program
    private let arguments: Arguments
    private let file: String

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 1)
        guard let file = arguments.operands.first, !file.isEmpty else { throw UsageError("FILE is missing") }
        self.program = program
        self.arguments = arguments
        self.file = file
    }

    /// Has the copy made of the store's file, as the option or the manifest names it, and FILE, and reports it; `relation`
    /// says what FILE is to the store now. A copy is told how much of it is done, and answered whether to go on.
    func run(
        _ relation: String,
        copy: (_ store: String, _ file: String, _ progress: (Int, Int) -> Bool) throws -> BackupFile.Copy
    ) throws -> Int32 {
        let store = try arguments["store"] ?? Workshop.manifest(program, arguments).store
        // These verbs are of stores in files, as yet the only ones.
        _ = try StoreEngines.store(store)
        let bar = ProgressBar(console: program.console, label: "Copying")
        let signals = try StopSignals()
        defer { bar.clear() }
        let made = try copy(store, file) { done, all in
            bar.show(done, of: all)
            return !signals.haveCome
        }
        bar.clear()
        let report = Report(store: store, file: file, bytes: made.bytes, number: made.number)
        program.console.output(
            arguments.has("json")
                ? try jsonText(report) + "\n"
                : "\(file) \(relation) \(store): \(made.bytes) bytes, up to number \(made.number)\n")
        return ExitStatus.done
    }

    /// What `--json` prints.
    private struct Report: Encodable {
        let store: String
        let file: String
        let bytes: Int
        let number: Int64
    }
}
