internal import Base
internal import Ledger

/// The table of connections, and the rooms that go with them.
final class Connections {
    private let rooms: Rooms
    private let read: Statement
    private let readOfSubject: Statement
    private let insert: Statement
    private let resume: Statement
    private let suspend: Statement
    private let delete: Statement
    private let lose: Statement
    private let loseAll: Statement
    private let correctLosses: Statement
    private let keep: Statement
    private let deleteLost: Statement
    private let deleteLostRooms: Statement

    init(_ database: Database, _ rooms: Rooms) {
        self.rooms = rooms
        read = Statement(database, "SELECT host, subject, namespace FROM connection WHERE id = ?1")
        readOfSubject = Statement(database, "SELECT id FROM connection WHERE subject = ?1")
        insert = Statement(
            database,
            """
            INSERT INTO connection(id, host, subject, session, connected_at, namespace, since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        resume = Statement(
            database, "UPDATE connection SET host = ?2, session = ?3, lost_at = NULL WHERE id = ?1")
        suspend = Statement(
            database, "UPDATE connection SET lost_at = ?2 WHERE id = ?1 AND lost_at IS NULL")
        delete = Statement(database, "DELETE FROM connection WHERE id = ?1")
        lose = Statement(
            database,
            "UPDATE connection SET lost_at = ?3 WHERE id = ?1 AND host = ?2 AND lost_at IS NULL")
        loseAll = Statement(
            database,
            """
            UPDATE connection SET lost_at = ?1 WHERE lost_at IS NULL AND host NOT IN (SELECT id FROM host)
            """)
        correctLosses = Statement(database, "UPDATE connection SET lost_at = ?1 WHERE lost_at > ?2")
        keep = Statement(
            database,
            "UPDATE connection SET lost_at = NULL WHERE id = ?1 AND host = ?2 AND lost_at IS NOT NULL")
        let lost = "SELECT id FROM connection WHERE lost_at < ?1 ORDER BY lost_at, id LIMIT ?2"
        deleteLost = Statement(database, "DELETE FROM connection WHERE id IN (\(lost))")
        deleteLostRooms = Statement(database, "DELETE FROM membership WHERE connection IN (\(lost))")
    }

    /// Records an open socket; the rooms of a connection that is resumed, nil for one that is new.
    func connect(
        _ connection: String, host: String, subject: String, session: String?, namespace: String,
        since number: Int64, at now: Timestamp
    ) throws(StoreError) -> [String]? {
        let known = try read.first(.text(connection)) { (subject: $0.text(1), namespace: $0.text(2)) }
        if let known {
            if known.subject.isSame(as: subject), known.namespace.isSame(as: namespace) {
                try resume.run(.text(connection), .text(host), .optional(session))
                return try rooms.rooms(of: connection)
            }
            try disconnect(connection)
        }
        try insert.run(
            .text(connection), .text(host), .text(subject), .optional(session), .time(now),
            .text(namespace), .integer(number))
        return nil
    }

    /// Whether a connection is `host`'s; any connection, without a host.
    func isOwned(_ connection: String, by host: String?) throws(StoreError) -> Bool {
        guard let host else { return true }
        return try read.first(.text(connection)) { $0.text(0).isSame(as: host) } ?? false
    }

    func suspend(_ connection: String, at now: Timestamp) throws(StoreError) {
        try suspend.run(.text(connection), .time(now))
    }

    func disconnect(_ connection: String) throws(StoreError) {
        try rooms.forget(connection)
        try delete.run(.text(connection))
    }

    /// Forgets what is to be closed: nobody may resume it.
    func disconnect(_ connections: UnitOfWork.Connections) throws(StoreError) {
        switch connections {
        case .connection(let id): try disconnect(id)
        case .subject(let subject):
            for id in try readOfSubject.all(.text(subject), read: { $0.text(0) }) { try disconnect(id) }
        }
    }

    /// Says of a connection, if it is `host`'s, that its socket was lost; with nil, that it is there.
    func mark(_ connection: String, of host: String, lostAt: Timestamp?) throws(StoreError) {
        if let lostAt {
            try lose.run(.text(connection), .text(host), .time(lostAt))
        } else {
            try keep.run(.text(connection), .text(host))
        }
    }

    /// Those of hosts that are none (any more) are lost.
    func loseThoseWithoutHost(at now: Timestamp) throws(StoreError) { try loseAll.run(.time(now)) }

    /// Nothing has been lost later than now: that was written while the clock was ahead.
    func correctLosses(now: Timestamp) throws(StoreError) {
        try correctLosses.run(.time(now), .time(now + Job.clockSlack))
    }

    /// Drops at most `limit` connections that were lost before `time`, with their rooms; how many.
    func trim(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        try deleteLostRooms.run(.time(time), .integer(limit))
        return try deleteLost.changes(.time(time), .integer(limit))
    }
}

extension String {
    /// As SQLite compares: `==` takes canonically equivalent texts as equal.
    fileprivate func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
