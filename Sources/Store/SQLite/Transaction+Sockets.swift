internal import Base
internal import Ledger

/// Connections, rooms and the outbox.
final class SocketStatements {
    private let insertEffect: Statement
    private let readEffects: Statement
    private let readConnection: Statement
    private let insertConnection: Statement
    private let resumeConnection: Statement
    private let suspendConnection: Statement
    private let deleteConnection: Statement
    private let deleteMemberships: Statement
    private let readRooms: Statement
    private let readOfSubject: Statement
    private let joinConnection: Statement
    private let joinSubject: Statement
    private let leaveConnection: Statement
    private let leaveSubject: Statement
    private let beat: Statement
    private let firstBeat: Statement
    private let deleteDeadHosts: Statement
    private let deleteHost: Statement
    private let loseConnections: Statement
    private let loseConnection: Statement
    private let correctLosses: Statement
    private let keepConnection: Statement
    private let lastTrimmed: Statement
    private let writeTrimmed: Statement
    private let trimEffects: Statement
    private let trimLost: Statement
    private let trimLostMemberships: Statement
    private let trimLeft: Statement
    private let oldestEffect: Statement

    init(_ database: Database) {
        insertEffect = Statement(
            database,
            """
            INSERT INTO outbox(number, kind, target, other, event, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        readEffects = Statement(
            database,
            """
            SELECT number, kind, target, other, event, body FROM outbox WHERE number > ?1
            ORDER BY number LIMIT ?2
            """)
        readConnection = Statement(
            database, "SELECT host, subject, namespace FROM connection WHERE id = ?1")
        insertConnection = Statement(
            database,
            """
            INSERT INTO connection(id, host, subject, session, connected_at, namespace, since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        resumeConnection = Statement(
            database, "UPDATE connection SET host = ?2, session = ?3, lost_at = NULL WHERE id = ?1")
        suspendConnection = Statement(
            database, "UPDATE connection SET lost_at = ?2 WHERE id = ?1 AND lost_at IS NULL")
        deleteConnection = Statement(database, "DELETE FROM connection WHERE id = ?1")
        deleteMemberships = Statement(database, "DELETE FROM membership WHERE connection = ?1")
        readRooms = Statement(
            database, "SELECT room FROM membership WHERE connection = ?1 AND left IS NULL ORDER BY room")
        readOfSubject = Statement(database, "SELECT id FROM connection WHERE subject = ?1")
        joinConnection = Statement(
            database,
            """
            INSERT INTO membership(connection, room, joined) SELECT id, ?2, ?3 FROM connection
            WHERE id = ?1 AND \(Self.isOutside)
            """)
        joinSubject = Statement(
            database,
            """
            INSERT INTO membership(connection, room, joined) SELECT id, ?2, ?3 FROM connection
            WHERE subject = ?1 AND namespace = ?4 AND \(Self.isOutside)
            """)
        leaveConnection = Statement(
            database,
            "UPDATE membership SET left = ?3 WHERE connection = ?1 AND room = ?2 AND left IS NULL")
        leaveSubject = Statement(
            database,
            """
            UPDATE membership SET left = ?3 WHERE room = ?2 AND left IS NULL
            AND connection IN (SELECT id FROM connection WHERE subject = ?1 AND namespace = ?4)
            """)
        beat = Statement(database, "UPDATE host SET expires_at = ?2 WHERE id = ?1")
        firstBeat = Statement(database, "INSERT INTO host(id, expires_at) VALUES (?1, ?2)")
        deleteDeadHosts = Statement(database, "DELETE FROM host WHERE expires_at < ?1 OR expires_at > ?2")
        deleteHost = Statement(database, "DELETE FROM host WHERE id = ?1")
        loseConnections = Statement(
            database,
            """
            UPDATE connection SET lost_at = ?1 WHERE lost_at IS NULL AND host NOT IN (SELECT id FROM host)
            """)
        correctLosses = Statement(database, "UPDATE connection SET lost_at = ?1 WHERE lost_at > ?2")
        loseConnection = Statement(
            database,
            "UPDATE connection SET lost_at = ?3 WHERE id = ?1 AND host = ?2 AND lost_at IS NULL")
        keepConnection = Statement(
            database,
            "UPDATE connection SET lost_at = NULL WHERE id = ?1 AND host = ?2 AND lost_at IS NOT NULL")
        let oldest = "SELECT number, at FROM outbox ORDER BY number LIMIT ?2"
        lastTrimmed = Statement(database, "SELECT max(number) FROM (\(oldest)) WHERE at < ?1")
        writeTrimmed = Statement(database, "UPDATE trimmed SET number = ?1 WHERE number < ?1")
        // From the oldest number on, so that no index of times must be kept with each emit.
        trimEffects = Statement(
            database,
            """
            DELETE FROM outbox WHERE number IN (SELECT number FROM (\(oldest))) AND at < ?1
            """)
        let lost = "SELECT id FROM connection WHERE lost_at < ?1 ORDER BY lost_at, id LIMIT ?2"
        trimLost = Statement(database, "DELETE FROM connection WHERE id IN (\(lost))")
        trimLostMemberships = Statement(database, "DELETE FROM membership WHERE connection IN (\(lost))")
        trimLeft = Statement(
            database,
            """
            DELETE FROM membership WHERE (connection, room, joined) IN
            (SELECT connection, room, joined FROM membership WHERE left < ?1 ORDER BY left LIMIT ?2)
            """)
        oldestEffect = Statement(database, "SELECT number FROM outbox ORDER BY number LIMIT 1")
    }

    /// Joining twice keeps the first interval.
    private static let isOutside =
        "NOT EXISTS (SELECT 1 FROM membership WHERE connection = id AND room = ?2 AND left IS NULL)"

    /// Drops at most `limit` effects of before `time`; how many.
    func trim(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        let last = try lastTrimmed.first(.time(time), .integer(limit)) { $0.optionalInteger(0) } ?? nil
        guard let last else { return 0 }
        try writeTrimmed.run(.integer(last))
        return try trimEffects.changes(.time(time), .integer(limit))
    }

    /// Drops at most `limit` connections that were lost before `time`, with their rooms; how many.
    func trimLost(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        try trimLostMemberships.run(.time(time), .integer(limit))
        return try trimLost.changes(.time(time), .integer(limit))
    }

    /// Drops at most `limit` memberships that ended before the oldest effect; how many. `number` is the last one given.
    func trimLeft(number: Int64, limit: Int) throws(StoreError) -> Int {
        let oldest = try oldestEffect.first { $0.integer(0) } ?? number + 1
        return try trimLeft.changes(.integer(oldest), .integer(limit))
    }

    /// Records an open socket; the rooms of a connection that is resumed, nil for one that is new.
    func connect(
        _ connection: String, host: String, subject: String, session: String?, namespace: String,
        since number: Int64, at now: Timestamp
    ) throws(StoreError) -> [String]? {
        let known = try readConnection.first(.text(connection)) {
            (subject: $0.text(1), namespace: $0.text(2))
        }
        if let known {
            if known.subject.isSame(as: subject), known.namespace.isSame(as: namespace) {
                try resumeConnection.run(.text(connection), .text(host), .optional(session))
                return try readRooms.all(.text(connection)) { $0.text(0) }
            }
            try disconnect(connection)
        }
        try insertConnection.run(
            .text(connection), .text(host), .text(subject), .optional(session), .time(now),
            .text(namespace), .integer(number))
        return nil
    }

    /// Whether a connection is `host`'s; any connection, without a host.
    func isOwned(_ connection: String, by host: String?) throws(StoreError) -> Bool {
        guard let host else { return true }
        return try readConnection.first(.text(connection)) { $0.text(0).isSame(as: host) } ?? false
    }

    func suspend(_ connection: String, at now: Timestamp) throws(StoreError) {
        try suspendConnection.run(.text(connection), .time(now))
    }

    func disconnect(_ connection: String) throws(StoreError) {
        try deleteMemberships.run(.text(connection))
        try deleteConnection.run(.text(connection))
    }

    /// Forgets what is to be closed: nobody may resume it.
    func disconnect(_ connections: UnitOfWork.Connections) throws(StoreError) {
        switch connections {
        case .connection(let id): try disconnect(id)
        case .subject(let subject):
            for id in try readOfSubject.all(.text(subject), read: { $0.text(0) }) { try disconnect(id) }
        }
    }

    func join(
        _ room: String, _ connections: UnitOfWork.Connections, at number: Int64
    ) throws(StoreError) {
        switch connections {
        case .connection(let id): try joinConnection.run(.text(id), .text(room), .integer(number))
        case .subject(let id):
            try joinSubject.run(
                .text(id), .text(room), .integer(number), .text(RoomName.namespace(of: room)))
        }
    }

    func leave(
        _ room: String, _ connections: UnitOfWork.Connections, at number: Int64
    ) throws(StoreError) {
        switch connections {
        case .connection(let id): try leaveConnection.run(.text(id), .text(room), .integer(number))
        case .subject(let id):
            try leaveSubject.run(
                .text(id), .text(room), .integer(number), .text(RoomName.namespace(of: room)))
        }
    }

    func insert(_ effect: Effect, at now: Timestamp) throws(StoreError) {
        let row = EffectRow(effect.kind)
        try insertEffect.run(
            .integer(effect.number), .integer(row.kind), .text(row.target), .text(row.other),
            .text(row.event),
            .text(row.body), .time(now))
    }

    /// At most `limit` rows of the outbox, in order; `kind` is nil where a newer version wrote it.
    func effects(
        after number: Int64, limit: Int
    ) throws(StoreError) -> [(number: Int64, kind: Effect.Kind?)] {
        try readEffects.all(.integer(number), .integer(limit)) { row in
            let effect = EffectRow(
                kind: row.integer(1), target: row.text(2), other: row.text(3), event: row.text(4),
                body: row.text(5))
            return (row.integer(0), effect.effect)
        }
    }

    /// Whether the host counted as alive until now.
    func heartbeat(host: String, expiresAt: Timestamp) throws(StoreError) -> Bool {
        if try beat.changes(.text(host), .time(expiresAt)) > 0 { return true }
        try firstBeat.run(.text(host), .time(expiresAt))
        return false
    }

    /// Says of a connection, if it is `host`'s, that its socket was lost; with nil, that it is there.
    func mark(_ connection: String, of host: String, lostAt: Timestamp?) throws(StoreError) {
        if let lostAt {
            try loseConnection.run(.text(connection), .text(host), .time(lostAt))
        } else {
            try keepConnection.run(.text(connection), .text(host))
        }
    }

    /// Hosts have one length of lease, about: who says to live for much longer than the one that beats now said it while
    /// the clock was ahead. If it lives, it says so again. Nor has anything been lost later than now.
    func forgetDeadHosts(now: Timestamp, expiresAt: Timestamp) throws(StoreError) {
        try correctLosses.run(.time(now), .time(now + Job.clockSlack))
        let latest = expiresAt + max(expiresAt - now, .zero) * 10
        if try deleteDeadHosts.changes(.time(now), .time(latest)) > 0 { try loseConnections.run(.time(now)) }
    }

    func retire(host: String, now: Timestamp) throws(StoreError) {
        try deleteHost.run(.text(host))
        try loseConnections.run(.time(now))
    }
}

extension Transaction {
    /// Adds an effect to the outbox, and to what the observer is told after the commit.
    func record(_ kind: Effect.Kind, number: Int64, at now: Timestamp) throws(StoreError) {
        let effect = Effect(number: number, kind: kind)
        try sockets.insert(effect, at: now)
        committed.effects.append(effect)
    }

    /// Records an open socket, which is resumed or new.
    func connect(
        _ connection: String, host: String, subject: String, session: String?, namespace: String,
        number: Int64, at now: Timestamp
    ) throws(StoreError) {
        let rooms = try sockets.connect(
            connection, host: host, subject: subject, session: session, namespace: namespace, since: number,
            at: now)
        if let rooms {
            try record(.resumed(connection: connection, host: host, rooms: rooms), number: number, at: now)
        }
    }

    /// Drops a batch of what is past its use; whether there may be more.
    func trim(
        now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp
    ) throws(StoreError) -> Bool {
        let limit = limits.trimBatch
        var most = try sockets.trim(before: effectsBefore, limit: limit)
        most = max(most, try sockets.trimLost(before: connectionsLostBefore, limit: limit))
        most = max(most, try sockets.trimLeft(number: number, limit: limit))
        most = max(most, try rates.trim(before: now, limit: limit))
        // Somewhat later, so that what an invocation finds does not depend on how long it waited.
        most = max(most, try answers.trim(before: now + (.zero - limits.expiredAnswers), limit: limit))
        return most == limit
    }

}

extension String {
    /// As SQLite compares: `==` takes canonically equivalent texts as equal.
    fileprivate func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
