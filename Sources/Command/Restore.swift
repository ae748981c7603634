internal import Runtime
internal import Store

/// `restore`: puts a backup in the store's place.
struct Restore: Verb {
    static let name = "restore"
    static let summary = "Put a backup in the store's place, while no host runs."
    static let operands = "FILE"
    static let options: [Option] = [
        .manifest, .store,
        Option(name: "replace", value: nil, help: "Replace the store, or the log, that is there."),
        .json,
    ]
    static let details = """
        FILE is what 'backup' made; it stays where it is. It is looked through first, and whatever is
        left of the old store's log is removed. Refused while anybody has the store open. SIGTERM and
        SIGINT stop it before anything has changed.
        """
    static let examples = ["restore /backups/monday.db --replace"]

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

    func run() throws -> Int32 {
        let store = try CopyProgress.store(program, arguments)
        let progress = try CopyProgress(program.console)
        defer { progress.clear() }
        let copy = try BackupFile.restore(file, to: store, replacing: arguments.has("replace")) {
            progress.show($0, of: $1)
        }
        progress.clear()
        try CopyReport(store: store, file: file, copy: copy).print(
            arguments, program.console, "is now the store \(store)")
        return ExitStatus.done
    }
}
