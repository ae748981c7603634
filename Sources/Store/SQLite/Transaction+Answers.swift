internal import Base
internal import Ledger

/// Answers that are kept for clients who ask again.
final class AnswerStatements {
    private let read: Statement
    private let write: Statement
    private let delete: Statement

    init(_ database: Database) {
        read = Statement(
            database, "SELECT input, status, body, expires_at FROM answer WHERE key = ?1 AND expires_at > ?2")
        // One under this key has expired, or it would have been found.
        write = Statement(
            database,
            """
            INSERT OR REPLACE INTO answer(number, key, input, status, body, expires_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """)
        // From the oldest number on, as in the outbox.
        delete = Statement(
            database,
            """
            DELETE FROM answer WHERE number IN (SELECT number FROM answer ORDER BY number LIMIT ?2)
            AND expires_at < ?1
            """)
    }

    /// The answer that was kept under a key and has not expired at `now`, whatever its input.
    func answer(to key: RequestKey?, at now: Timestamp) throws(StoreError) -> KeptAnswer? {
        guard let key else { return nil }
        return try read.first(.text(key.name), .time(now)) { row in
            KeptAnswer(
                key: RequestKey(name: key.name, fingerprint: row.blob(0)),
                status: Int(clamping: row.integer(1)),
                json: row.optionalText(2), expiresAt: row.time(3))
        }
    }

    /// Keeps an answer as that of the commit `number`; without its text where that has more than `longest` bytes.
    func keep(_ answer: KeptAnswer, number: Int64, longest: Int) throws(StoreError) {
        let text = answer.json.flatMap { $0.utf8.count <= longest ? $0 : nil }
        try write.run(
            .integer(number), .text(answer.key.name), .blob(answer.key.fingerprint), .integer(answer.status),
            .optional(text), .time(answer.expiresAt))
    }

    /// Drops at most `limit` answers that expired before `time`; how many.
    func trim(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        try delete.changes(.time(time), .integer(limit))
    }
}
