internal import Runtime
internal import SQLite

/// `restore`: puts a backup in the store's place.
struct Restore: Verb {
    static let name = "restore"
    static let summary = "Put a backup in the store's place, while no host runs."
    static let operands = "FILE"
    static let replace = Option.flag("replace", help: "Replace the store, or the log, that is there.")
    static let options: [any OptionDeclaration] = [Options.manifest, Options.store, replace, Options.json]
    static let details = """
        FILE is what 'backup' made; it stays where it is. It is looked through first, and whatever is
        left of the old store's log is removed. Refused while anybody has the store open. SIGTERM and
        SIGINT stop it before anything has changed.
        """
    static let examples = ["restore /backups/monday.db --replace"]

    private let command: CopyCommand
    private let isReplacing: Bool

    init(_ arguments: Arguments, _ program: Program) throws {
        command = try CopyCommand(arguments, program)
        isReplacing = arguments[Self.replace]
    }

    func run() throws -> Int32 {
        try command.run("is now the store") {
            try BackupFile.restore($1, to: $0, replacing: isReplacing, progress: $2)
        }
    }
}
