internal import Base
internal import Ledger

/// The table of who is, and was, in which room.
final class Rooms {
    private let read: Statement
    private let joinConnection: Statement
    private let joinSubject: Statement
    private let leaveConnection: Statement
    private let leaveSubject: Statement
    private let delete: Statement
    private let deleteLeft: Statement

    /// Joining twice keeps the first interval.
    private static let isOutside =
        "NOT EXISTS (SELECT 1 FROM membership WHERE connection = id AND room = ?2 AND left IS NULL)"

    init(_ database: Database) {
        read = Statement(
            database, "SELECT room FROM membership WHERE connection = ?1 AND left IS NULL ORDER BY room")
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
        delete = Statement(database, "DELETE FROM membership WHERE connection = ?1")
        deleteLeft = Statement(
            database,
            """
            DELETE FROM membership WHERE (connection, room, joined) IN
            (SELECT connection, room, joined FROM membership WHERE left < ?1 ORDER BY left LIMIT ?2)
            """)
    }

    /// Those that a connection is in, sorted.
    func rooms(of connection: String) throws(StoreError) -> [String] {
        try read.all(.text(connection)) { $0.text(0) }
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

    /// Forgets where a connection is and was.
    func forget(_ connection: String) throws(StoreError) { try delete.run(.text(connection)) }

    /// Drops at most `limit` stays that ended before a number; how many.
    func trim(before number: Int64, limit: Int) throws(StoreError) -> Int {
        try deleteLeft.changes(.integer(number), .integer(limit))
    }
}
