/// Connections, rooms and the outbox.
final class SocketStatements {
    private let insertEffect: Statement
    private let readEffects: Statement
    private let insertConnection: Statement
    private let deleteConnection: Statement
    private let deleteMemberships: Statement
    private let joinConnection: Statement
    private let joinSubject: Statement
    private let leaveConnection: Statement
    private let leaveSubject: Statement
    private let beat: Statement
    private let deleteDeadHosts: Statement
    private let deleteHost: Statement
    private let deleteLostConnections: Statement
    private let deleteLostMemberships: Statement
    private let trimEffects: Statement

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
        insertConnection = Statement(
            database,
            """
            INSERT OR REPLACE INTO connection(id, host, subject, session, connected_at)
            VALUES (?1, ?2, ?3, ?4, ?5)
            """)
        deleteConnection = Statement(database, "DELETE FROM connection WHERE id = ?1")
        deleteMemberships = Statement(database, "DELETE FROM membership WHERE connection = ?1")
        joinConnection = Statement(
            database, "INSERT OR IGNORE INTO membership(connection, room) VALUES (?1, ?2)")
        joinSubject = Statement(
            database,
            """
            INSERT OR IGNORE INTO membership(connection, room)
            SELECT id, ?2 FROM connection WHERE subject = ?1
            """)
        leaveConnection = Statement(database, "DELETE FROM membership WHERE connection = ?1 AND room = ?2")
        leaveSubject = Statement(
            database,
            """
            DELETE FROM membership WHERE room = ?2
            AND connection IN (SELECT id FROM connection WHERE subject = ?1)
            """)
        beat = Statement(database, "INSERT OR REPLACE INTO host(id, expires_at) VALUES (?1, ?2)")
        deleteDeadHosts = Statement(database, "DELETE FROM host WHERE expires_at < ?1")
        deleteHost = Statement(database, "DELETE FROM host WHERE id = ?1")
        deleteLostConnections = Statement(
            database, "DELETE FROM connection WHERE host NOT IN (SELECT id FROM host)")
        deleteLostMemberships = Statement(
            database, "DELETE FROM membership WHERE connection NOT IN (SELECT id FROM connection)")
        // From the oldest number on, so that no index of times must be kept with each emit.
        trimEffects = Statement(
            database,
            """
            DELETE FROM outbox WHERE number IN (SELECT number FROM outbox ORDER BY number LIMIT ?2) AND at < ?1
            """)
    }

    /// Drops at most `limit` effects of before `time`; how many.
    func trim(before time: Timestamp, limit: Int) throws(StoreError) -> Int {
        try trimEffects.changes(.time(time), .integer(limit))
    }

    func connect(
        _ connection: String, host: String, subject: String, session: String?, at now: Timestamp
    ) throws(StoreError) {
        try insertConnection.run(
            .text(connection), .text(host), .text(subject), .optional(session), .time(now))
    }

    func disconnect(_ connection: String) throws(StoreError) {
        try deleteMemberships.run(.text(connection))
        try deleteConnection.run(.text(connection))
    }

    func join(_ room: String, _ connections: UnitOfWork.Connections) throws(StoreError) {
        switch connections {
        case .connection(let id): try joinConnection.run(.text(id), .text(room))
        case .subject(let id): try joinSubject.run(.text(id), .text(room))
        }
    }

    func leave(_ room: String, _ connections: UnitOfWork.Connections) throws(StoreError) {
        switch connections {
        case .connection(let id): try leaveConnection.run(.text(id), .text(room))
        case .subject(let id): try leaveSubject.run(.text(id), .text(room))
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

    func heartbeat(host: String, expiresAt: Timestamp) throws(StoreError) {
        try beat.run(.text(host), .time(expiresAt))
    }

    func forgetDeadHosts(now: Timestamp) throws(StoreError) {
        if try deleteDeadHosts.changes(.time(now)) > 0 { try forgetLostConnections() }
    }

    func retire(host: String) throws(StoreError) {
        try deleteHost.run(.text(host))
        try forgetLostConnections()
    }

    private func forgetLostConnections() throws(StoreError) {
        try deleteLostConnections.run()
        try deleteLostMemberships.run()
    }
}

extension Transaction {
    /// Adds an effect to the outbox, and to what the observer is told after the commit.
    func record(_ kind: Effect.Kind, at now: Timestamp) throws(StoreError) {
        let effect = Effect(number: nextNumber(), kind: kind)
        try sockets.insert(effect, at: now)
        committed.effects.append(effect)
    }
}

/// An effect as the outbox keeps it: a list of rooms a room a line, with line feeds and backslashes in a name
/// escaped by a backslash.
private struct EffectRow {
    var kind: Int64
    var target: String
    var other = ""
    var event = ""
    var body = ""

    init(kind: Int64, target: String, other: String, event: String, body: String) {
        self.kind = kind
        self.target = target
        self.other = other
        self.event = event
        self.body = body
    }

    init(_ effect: Effect.Kind) {
        switch effect {
        case .emit(let emit):
            self.init(
                kind: 1, target: EffectRow.text(emit.rooms), other: EffectRow.text(emit.except),
                event: emit.event, body: emit.json)
        case .join(let room, .connection(let id)):
            self.init(kind: 2, target: room, other: id, event: "", body: "")
        case .join(let room, .subject(let id)):
            self.init(kind: 3, target: room, other: id, event: "", body: "")
        case .leave(let room, .connection(let id)):
            self.init(kind: 4, target: room, other: id, event: "", body: "")
        case .leave(let room, .subject(let id)):
            self.init(kind: 5, target: room, other: id, event: "", body: "")
        }
    }

    /// Nil for a kind that a newer version wrote.
    var effect: Effect.Kind? {
        switch kind {
        case 1: .emit(Emit(rooms: lines(target), except: lines(other), event: event, json: body))
        case 2: .join(room: target, .connection(other))
        case 3: .join(room: target, .subject(other))
        case 4: .leave(room: target, .connection(other))
        case 5: .leave(room: target, .subject(other))
        default: nil
        }
    }

    /// Every line ends in a line feed, so that no room and a room without a name differ.
    private static func text(_ rooms: [String]) -> String {
        var text = ""
        for room in rooms {
            if room.utf8.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\\") }) {
                for scalar in room.unicodeScalars {
                    switch scalar {
                    case "\n": text += "\\n"
                    case "\\": text += "\\\\"
                    default: text.unicodeScalars.append(scalar)
                    }
                }
            } else {
                text += room
            }
            text += "\n"
        }
        return text
    }

    private func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "n" where isEscaped: line += "\n"
            case "\\" where !isEscaped:
                isEscaped = true
                continue
            case "\n":
                lines.append(line)
                line = ""
            default: line.unicodeScalars.append(scalar)
            }
            isEscaped = false
        }
        return lines
    }
}
