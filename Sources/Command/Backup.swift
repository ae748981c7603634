internal import LocalHost
internal import Runtime
internal import Store

/// `backup`: a copy of the store in one file, while others use it.
struct Backup: Verb {
    static let name = "backup"
    static let summary = "Copy the store into one file, while it is in use."
    static let operands = "FILE"
    static let options: [Option] = [.manifest, .store, .json]
    static let details = """
        FILE must not be there yet; it is when all of it is on disk, for its owner only. It holds the
        store as it was at one moment, with what is in the write-ahead log. SIGTERM and SIGINT stop
        it, and leave nothing behind. Keep FILE as private as the store, and SECRET_KEY with it.
        """
    static let examples = ["backup /backups/monday.db", "backup --store var/gestaloka.db monday.db --json"]

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
        let copy = try BackupFile.take(of: store, to: file) { progress.show($0, of: $1) }
        progress.clear()
        try CopyReport(store: store, file: file, copy: copy).print(
            arguments, program.console, "is a copy of \(store)")
        return ExitStatus.done
    }
}

/// How far a copy has come, and whether to go on.
struct CopyProgress {
    private let bar: ProgressBar
    private let signals: StopSignals

    init(_ console: Console) throws {
        bar = ProgressBar(console: console, label: "Copying")
        signals = try StopSignals()
    }

    /// False once the process was asked to stop.
    func show(_ done: Int, of all: Int) -> Bool {
        bar.show(done, of: all)
        return !signals.haveCome
    }

    func clear() { bar.clear() }

    /// The store's file, as the option or the manifest names it.
    static func store(_ program: Program, _ arguments: Arguments) throws -> String {
        try arguments["store"] ?? Workshop.manifest(program, arguments).store
    }
}

/// What a copy came to, for a person or a script.
struct CopyReport: Encodable {
    private let store: String
    private let file: String
    private let bytes: Int
    private let number: Int64

    init(store: String, file: String, copy: BackupFile.Copy) {
        (self.store, self.file, bytes, number) = (store, file, copy.bytes, copy.number)
    }

    func print(_ arguments: Arguments, _ console: Console, _ sentence: String) throws {
        if arguments.has("json") {
            console.output(try jsonText(self) + "\n")
        } else {
            console.output("\(file) \(sentence): \(bytes) bytes, up to number \(number)\n")
        }
    }
}
