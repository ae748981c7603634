internal import Base
internal import Ledger

/// The table of effects: what hosts must do to their sockets.
final class Outbox {
    private let insert: Statement
    private let read: Statement
    private let oldest: Statement
    private let lastTrimmed: Statement
    private let writeTrimmed: Statement
    private let delete: Statement

    init(_ database: Database) {
        insert = Statement(
            database,
            """
            INSERT INTO outbox(number, kind, target, other, event, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        read = Statement(
            database,
            """
            SELECT number, kind, target, other, event, body FROM outbox WHERE number > ?1
            ORDER BY number LIMIT ?2
            """)
        oldest = Statement(database, "SELECT number FROM outbox ORDER BY number LIMIT 1")
        let first = "SELECT number, at FROM outbox ORDER BY number LIMIT ?2"
        lastTrimmed = Statement(database, "SELECT max(number) FROM (\(first)) WHERE at < ?1")
        writeTrimmed = Statement(database, "UPDATE trimmed SET number = ?1 WHERE number < ?1")
        // From the oldest number on, so that no index of times must be kept with each emit.
        delete = Statement(
            database, "DELETE FROM outbox WHERE number IN (SELECT number FROM (\(first))) AND at < ?1")
    }

    func add(_ effect: Effect, at now: Timestamp) throws(StoreError) {
        let row = EffectRow(effect.kind)
        try insert.run(
            .integer(effect.number), .integer(row.kind), .text(row.target), .text(row.other),
            .text(row.event), .text(row.body), .time(now))
    }

    /// At most `limit` rows, in order; `kind` is nil where a newer version wrote it.
    func effects(
        after number: Int64, limit: Int
    ) throws(StoreError) -> [(number: Int64, kind: Effect.Kind?)] {
        try read.all(.integer(number), .integer(limit)) { row in
            let effect = EffectRow(
                kind: row.integer(1), target: row.text(2), other: row.text(3), event: row.text(4),
                body: row.text(5))
            return (row.integer(0), effect.effect)
        }
    }

    /// The number of the oldest effect that is kept.
    func first() throws(StoreError) -> Int64? { try oldest.first { $0.integer(0) } }

    /// Drops at most `limit` effects of before `time`; how many.
    func trim(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        let last = try lastTrimmed.first(.time(time), .integer(limit)) { $0.optionalInteger(0) } ?? nil
        guard let last else { return 0 }
        try writeTrimmed.run(.integer(last))
        return try delete.changes(.time(time), .integer(limit))
    }
}
