internal import Base
internal import Ledger

/// Reads of what is committed, over a connection of its own: a reader never waits for the writer.
final class Reader {
    let database: Database
    let sockets: SocketReads
    private let readRecord: Statement
    private let readJournal: Statement
    private let readEntry: Statement
    private let readNumber: Statement
    private let readNextJob: Statement
    private let readDepths: Statement
    private let readDead: Statement

    /// Not of the letters themselves, which stay for ever: this is asked for on the host's loop.
    static let deadLetters = "SELECT queue, count FROM dead_letter_count WHERE count > 0"

    convenience init(_ files: StoreFiles, limits: StoreLimits) throws(StoreError) {
        self.init(try Database(files, access: .existing, limits: limits))
    }

    /// Reads over a connection that somebody else writes with, and so what is not committed yet, too.
    init(_ database: Database) {
        self.database = database
        sockets = SocketReads(database)
        readRecord = Statement(database, "SELECT version, body FROM record WHERE kind = ?1 AND id = ?2")
        let columns = "number, stream, kind, id, body, at"
        readJournal = Statement(
            database,
            "SELECT \(columns) FROM journal WHERE stream = ?1 AND number <= ?2 ORDER BY number DESC LIMIT ?3")
        readEntry = Statement(database, "SELECT \(columns) FROM journal WHERE id = ?1")
        readNumber = Statement(database, "SELECT number FROM sequence")
        readNextJob = Statement(
            database, "SELECT min(ready_at) FROM job_group WHERE queue = ?1 HAVING count(*) > 0")
        readDepths = Statement(database, "SELECT queue, count(*) FROM job GROUP BY queue")
        readDead = Statement(database, Self.deadLetters)
    }

    func number() throws(StoreError) -> Int64 { try readNumber.first { $0.integer(0) } ?? 0 }

    func record(kind: String, id: String) throws(StoreError) -> Record? {
        try readRecord.first(.text(kind), .text(id)) { Record(version: $0.integer(0), body: $0.text(1)) }
    }

    func journal(stream: String, last count: Int) throws(StoreError) -> JournalSlice {
        // Entries above this number may appear between the two reads and are left out.
        try journal(stream: stream, last: count, upTo: number())
    }

    func journal(stream: String, last count: Int, upTo: Int64) throws(StoreError) -> JournalSlice {
        let entries = try readJournal.all(
            .text(stream), .integer(upTo), .integer(max(0, count)), read: Reader.entry)
        return JournalSlice(entries: entries.reversed(), upTo: upTo)
    }

    func journalEntry(id: String) throws(StoreError) -> JournalEntry? {
        try readEntry.first(.text(id), read: Reader.entry)
    }

    func nextJob(queue: String) throws(StoreError) -> Timestamp? {
        try readNextJob.first(.text(queue)) { $0.time(0) }
    }

    func queueDepths() throws(StoreError) -> [QueueDepth] {
        let waiting = try readDepths.all { ($0.text(0), Int(clamping: $0.integer(1))) }
        let dead = try readDead.all { ($0.text(0), Int(clamping: $0.integer(1))) }
        var depths: [String: (waiting: Int, dead: Int)] = [:]
        for (queue, count) in waiting { depths[queue, default: (0, 0)].waiting = count }
        for (queue, count) in dead { depths[queue, default: (0, 0)].dead = count }
        return depths.keys.sorted().map {
            QueueDepth(queue: $0, waiting: depths[$0]?.waiting ?? 0, dead: depths[$0]?.dead ?? 0)
        }
    }

    private static func entry(_ row: Row) -> JournalEntry {
        JournalEntry(
            number: row.integer(0), stream: row.text(1), kind: row.text(2), id: row.text(3),
            body: row.text(4),
            at: row.time(5))
    }
}
