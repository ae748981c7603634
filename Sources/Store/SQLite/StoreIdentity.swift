internal import Ledger

/// What tells a store from every other one, and where in its order it stands.
///
/// It stands in the one row of `sequence`, whose page goes into the log with every commit of ours. So a log always says
/// whose it is, and SQLite, which goes by checksums alone, need not be believed. A copy gets an id of its own
/// (`BackupFile`): a log that was left beside it is refused, too.
struct StoreIdentity: Equatable {
    let id: String
    let number: Int64
    /// Up to this number at least, all is in the file without its log.
    let copied: Int64

    /// Gives a copy an id of its own.
    static let renewal = "UPDATE sequence SET store = lower(hex(randomblob(16)))"

    /// What the connection sees; nil where the schema is older than ids.
    init?(_ database: Database) throws(StoreError) {
        let columns = "SELECT count(*) FROM pragma_table_info('sequence') WHERE name IN ('store', 'copied')"
        guard try database.integer(columns) == 2 else { return nil }
        let read = Statement(database, "SELECT store, number, copied FROM sequence")
        guard let found = try read.first(read: { ($0.text(0), $0.integer(1), $0.integer(2)) }) else {
            return nil
        }
        (id, number, copied) = found
    }

    /// What the file says without its log; nil where it says nothing, as before the first checkpoint.
    static func ofFileAlone(_ files: StoreFiles) -> StoreIdentity? {
        guard let database = try? Database(files, access: .fileAlone, limits: StoreLimits()),
            (try? database.integer("PRAGMA application_id")) == Schema.applicationID
        else { return nil }
        return try? StoreIdentity(database)
    }
}

extension Database {
    /// Opens a store that is there, if it is one of ours and its log is its own. Until that is known nothing is changed:
    /// SQLite would copy any log into the file when the connection closes, and delete it.
    static func store(_ files: StoreFiles, limits: StoreLimits) throws(StoreError) -> Database {
        try files.refuseLogAlone()
        let hasLog = StoreFiles.size(files.log) ?? 0 > 0
        let database = try Database(files, access: .existing, limits: limits)
        database.keepLog(true)
        do throws(StoreError) {
            try Schema.check(database)
            // Twice, for another process may write the page that is read.
            if hasLog, try !database.goesOn(files), try !database.goesOn(files) {
                throw .foreignLog(path: files.given)
            }
        } catch {
            switch error {
            case .readOnly: throw .cannotOpen(path: files.given, reason: Self.onlyReadable)
            // What a file and a log that do not belong together look like.
            case .unusable(.foreign, _), .unusable(.newer, _), .corrupt, .unexpected:
                let isOurs = hasLog && StoreIdentity.ofFileAlone(files) != nil
                throw isOurs ? .foreignLog(path: files.given) : error
            default: throw error
            }
        }
        database.keepLog(false)
        return database
    }

    /// Whether the log goes on where the file, as it is without it, ends, or somewhat before. Where the file says nothing
    /// by itself, as before its first checkpoint, all is in the log.
    private func goesOn(_ files: StoreFiles) throws(StoreError) -> Bool {
        // In this order: the store may be in use, and all three only grow.
        let before = try StoreIdentity(self)
        guard let file = StoreIdentity.ofFileAlone(files) else { return true }
        guard let before, let after = try StoreIdentity(self) else { return false }
        return after.id == file.id && before.copied <= file.number && file.number <= after.number
    }
}
