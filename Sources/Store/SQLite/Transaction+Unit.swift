internal import Base
internal import Ledger

final class RecordStatements {
    fileprivate let version: Statement
    fileprivate let save: Statement
    fileprivate let append: Statement
    fileprivate let hasEntry: Statement
    fileprivate let openSession: Statement
    fileprivate let revokeSession: Statement

    init(_ database: Database) {
        version = Statement(database, "SELECT version FROM record WHERE kind = ?1 AND id = ?2")
        save = Statement(
            database,
            """
            INSERT INTO record(kind, id, version, body) VALUES (?1, ?2, 1, ?3)
            ON CONFLICT(kind, id) DO UPDATE SET version = version + 1, body = excluded.body
            """)
        append = Statement(
            database,
            "INSERT INTO journal(stream, number, kind, id, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        hasEntry = Statement(database, "SELECT 1 FROM journal WHERE id = ?1")
        openSession = Statement(
            database,
            "INSERT OR IGNORE INTO session(id, subject, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)")
        revokeSession = Statement(
            database, "UPDATE session SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
    }
}

extension Transaction {
    /// Checks what the unit read and whether it can be applied, then applies what it writes. Nothing is kept on an error
    /// or a conflict.
    ///
    /// Without a savepoint: SQLite would copy every page that each unit changes. So all that can be wrong with a unit is
    /// looked for before its first write, and an error after that is the store's own trouble and loses the transaction.
    func apply(
        _ unit: UnitOfWork, at now: Timestamp, ticket: Ticket, completing claim: JobClaim?
    ) throws(StoreError) -> CommitDecision {
        if case .lost(let isFull) = shared.inFlight.admission(of: ticket) {
            throw .admissionLost(full: isFull)
        }
        if let kept = try tables.answers.answer(to: unit.answer?.key, at: now) {
            return .answered(kept, number: order.next())
        }
        if try isConflicting(unit.reads) { return .conflict }
        try checkEntries(of: unit.writes)
        if let claim, try !tables.groups.isHeld(by: claim) { throw .leaseLost }
        let before = order.last
        do throws(StoreError) {
            for write in unit.writes {
                try apply(write, number: write.takesNumber ? order.next() : order.last, at: now)
            }
            if let claim { try complete(claim, at: now) }
            let number = order.next()
            if let answer = unit.answer {
                try tables.answers.keep(answer, number: number, longest: limits.keptAnswerBytes)
            }
            return .committed(number: number)
        } catch {
            // An entry that is the first write, and whose id is taken, has changed nothing.
            if case .unexpected(Database.notUnique, _) = error, order.last == before + 1 {
                order.takeBack(to: before)
            } else {
                abandon(error)
            }
            throw error
        }
    }

    /// The ids of a journal's entries must be new. Of the first write the index itself says so, before anything changes.
    private func checkEntries(of writes: [UnitOfWork.Write]) throws(StoreError) {
        var seen: [String] = []
        for (index, write) in writes.enumerated() {
            guard case .append(_, _, let id, _) = write else { continue }
            if index > 0,
                try tables.records.hasEntry.first(.text(id), read: { _ in true }) ?? seen.contains(id)
            {
                throw .unexpected(code: Database.notUnique, statement: "the entry's id is taken")
            }
            seen.append(id)
        }
    }

    private func isConflicting(_ reads: [UnitOfWork.Read]) throws(StoreError) -> Bool {
        for read in reads {
            switch read {
            case .record(let kind, let id, let version):
                let record = RecordName(kind: kind, id: id)
                guard try self.version(record) == version else {
                    shared.recordCache.forget([record])
                    return true
                }
            case .entry(let id, isThere: false):
                if try tables.records.hasEntry.first(.text(id), read: { _ in true }) == true { return true }
            case .entry, .journal: break
            }
        }
        return false
    }

    private func version(_ record: RecordName) throws(StoreError) -> Int64 {
        if let version = known.versions[record] { return version }
        let version =
            try tables.records.version.first(.text(record.kind), .text(record.id)) { $0.integer(0) } ?? 0
        known.remember(record, version: version)
        return version
    }

    /// Applies one write; `number` is its own where it takes one.
    private func apply(
        _ write: UnitOfWork.Write, number: Int64, at now: Timestamp
    ) throws(StoreError) {
        switch write {
        case .save(let kind, let id, let body):
            let record = RecordName(kind: kind, id: id)
            let version = try version(record)
            try tables.records.save.run(.text(kind), .text(id), .text(body))
            known.remember(record, version: version + 1)
            savedRecords.append(record)
        case .append(let stream, let kind, let id, let body):
            try tables.records.append.run(
                .text(stream), .integer(number), .text(kind), .text(id), .text(body), .time(now))
        case .enqueue(let queue, let group, let id, let payload, let traceparent):
            try enqueue(
                queue, group: group, id: id, payload: payload, traceparent: traceparent, number: number,
                at: now)
        case .emit(let emit):
            try record(.emit(emit), number: number, at: now)
        case .join(let room, let connections):
            try record(.join(room: room, connections), number: number, at: now)
            try tables.rooms.join(room, connections, at: number)
        case .leave(let room, let connections):
            try record(.leave(room: room, connections), number: number, at: now)
            try tables.rooms.leave(room, connections, at: number)
        case .connect(let connection, let host, let subject, let session, let namespace):
            try connect(
                connection, host: host, subject: subject, session: session, namespace: namespace,
                number: number, at: now)
        case .suspend(let connection, let host):
            if try tables.connections.isOwned(connection, by: host) {
                try tables.connections.suspend(connection, at: now)
            }
        case .disconnect(let connection, let host):
            if try tables.connections.isOwned(connection, by: host) {
                try tables.connections.disconnect(connection)
            }
        case .close(let connections, let reason):
            try tables.connections.disconnect(connections)
            try record(.close(connections, reason: reason), number: number, at: now)
        case .openSession(let id, let subject, let expiresAt):
            try tables.records.openSession.run(.text(id), .text(subject), .time(now), .time(expiresAt))
            known.forget(session: id)
        case .revokeSession(let id):
            try tables.records.revokeSession.run(.text(id), .time(now))
            known.forget(session: id)
            try record(.sessionEnded(session: id), number: number, at: now)
        }
    }
}
