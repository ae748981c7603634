internal import Runtime
internal import SQLite

/// `backup`: a copy of the store in one file, while others use it.
struct Backup: Verb {
    static let name = "backup"
    static let summary = "Copy the store into one file, while it is in use."
    static let operands = "FILE"
    static let options: [any OptionDeclaration] = [Options.manifest, Options.store, Options.json]
    static let details = """
        FILE must not be there yet; it is when all of it is on disk, for its owner only. It holds the
        store as it was at one moment, with what is in the write-ahead log. SIGTERM and SIGINT stop
        it, and leave nothing behind. Keep FILE as private as the store, and SECRET_KEY with it.
        """
    static let examples = ["backup /backups/monday.db", "backup --store var/gestaloka.db monday.db --json"]

    private let command: CopyCommand

    init(_ arguments: Arguments, _ program: Program) throws { command = try CopyCommand(arguments, program) }

    func run() throws -> Int32 {
        try command.run("is a copy of") { try BackupFile.take(of: $0, to: $1, progress: $2) }
    }
}
