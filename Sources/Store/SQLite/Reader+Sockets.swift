internal import Base
internal import Ledger

/// Statements that read connections, rooms and the outbox.
final class SocketReads {
    fileprivate let connection: Statement
    fileprivate let connectionsOfHost: Statement
    fileprivate let trimmed: Statement
    fileprivate let memberships: Statement
    fileprivate let outbox: Statement
    fileprivate let sessionEnd: Statement
    fileprivate let begin: Statement
    fileprivate let end: Statement

    init(_ database: Database) {
        let columns = "SELECT id, host, subject, session, namespace, since, lost_at FROM connection"
        connection = Statement(database, "\(columns) WHERE id = ?1")
        connectionsOfHost = Statement(
            database, "\(columns) WHERE host = ?1 AND id > ?2 ORDER BY id LIMIT ?3")
        trimmed = Statement(database, "SELECT number FROM trimmed")
        memberships = Statement(
            database,
            "SELECT room, joined, left FROM membership WHERE connection = ?1 AND (left IS NULL OR left > ?2)")
        outbox = Statement(
            database,
            """
            SELECT number, kind, target, other, event, body FROM outbox INDEXED BY outbox_kept
            WHERE number > ?1 AND number <= ?2 AND \(EffectRow.kept) ORDER BY number LIMIT ?3
            """)
        sessionEnd = Statement(
            database, "SELECT expires_at FROM session WHERE id = ?1 AND subject = ?2 AND revoked_at IS NULL")
        begin = Statement(database, "BEGIN")
        end = Statement(database, "COMMIT")
    }
}

extension Reader {
    func connection(id: String) throws(StoreError) -> StoredConnection? {
        try sockets.connection.first(.text(id)) { StoredConnection($0) }
    }

    func connections(of host: String, after id: String, limit: Int) throws(StoreError) -> [StoredConnection] {
        try sockets.connectionsOfHost.all(.text(host), .text(id), .integer(limit)) { StoredConnection($0) }
    }

    func isSessionLive(id: String, of subject: String, now: Timestamp) throws(StoreError) -> Bool {
        try sockets.sessionEnd.first(.text(id), .text(subject)) { $0.time(0) > now } ?? false
    }

    /// As `SharedState.missed`.
    func missed(
        connection: String, after start: Int64, through end: Int64, scanning: Int
    ) throws(StoreError) -> Missed {
        // One read transaction: rooms and outbox as of one moment.
        try sockets.begin.run()
        do throws(StoreError) {
            let missed = try look(for: connection, after: start, through: end, scanning: scanning)
            try sockets.end.run()
            return missed
        } catch {
            if !database.isAutocommit { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    private func look(
        for connection: String, after start: Int64, through end: Int64, scanning: Int
    ) throws(StoreError) -> Missed {
        let newest = try number()
        let end = min(end, newest)
        guard let stored = try self.connection(id: connection) else {
            return Missed(effects: [], through: max(start, end))
        }
        let trimmed = try sockets.trimmed.first { $0.integer(0) } ?? 0
        let hasGap = max(start, stored.since) < trimmed || start > newest
        guard start < end else {
            return Missed(effects: [], through: max(start, end), hasGap: hasGap)
        }
        // What went to the room of this id before was for another of the same id.
        var stays = Stays(of: connection, since: stored.since)
        let start = max(start, min(stored.since, end))
        try sockets.memberships.forEach(.text(connection), .integer(start)) { row in
            stays.add(row.text(0), from: row.integer(1), to: row.optionalInteger(2))
        }
        var effects: [Effect] = []
        var count = 0
        var last = start
        try sockets.outbox.forEach(.integer(start), .integer(end), .integer(scanning)) { row in
            count += 1
            last = row.integer(0)
            guard stays.holds(row.text(2), at: last) else { return }
            let except = row.text(3)
            if !except.isEmpty, stays.holds(except, at: last) { return }
            let effect = EffectRow(
                kind: row.integer(1), target: row.text(2), other: except, event: row.text(4),
                body: row.text(5))
            if let kind = effect.effect { effects.append(Effect(number: last, kind: kind)) }
        }
        return Missed(effects: effects, through: count < scanning ? end : last, hasGap: hasGap)
    }
}

extension StoredConnection {
    fileprivate init(_ row: Row) {
        self.init(
            id: row.text(0), host: row.text(1), subject: row.text(2), session: row.optionalText(3),
            namespace: row.text(4), since: row.integer(5), lostAt: row.optionalTime(6))
    }
}

/// When one connection was in which rooms. Rooms are lines of the outbox as they stand there (`EffectRow`), so that
/// none has to be taken apart.
private struct Stays {
    private var byLine: [Substring: [(joined: Int64, left: Int64)]] = [:]

    init(of connection: String, since: Int64) { add(connection, from: since, to: nil) }

    mutating func add(_ room: String, from joined: Int64, to left: Int64?) {
        let line = EffectRow.text([room])
        byLine[line[..<line.utf8.index(before: line.utf8.endIndex)], default: []].append(
            (joined, left ?? .max))
    }

    /// Whether the connection was in any of the rooms of a list at a number.
    func holds(_ lines: String, at number: Int64) -> Bool {
        var start = lines.utf8.startIndex
        while let end = lines.utf8[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let stays = byLine[lines[start..<end]],
                stays.contains(where: { $0.joined < number && number < $0.left })
            {
                return true
            }
            start = lines.utf8.index(after: end)
        }
        return false
    }
}
