internal import Base
internal import Ledger

extension Transaction {
    /// Adds an effect to the outbox, and to what the observer is told after the commit.
    func record(_ kind: Effect.Kind, number: Int64, at now: Timestamp) throws(StoreError) {
        let effect = Effect(number: number, kind: kind)
        try tables.outbox.add(effect, at: now)
        committed.effects.append(effect)
    }

    /// Records an open socket, which is resumed or new.
    func connect(
        _ connection: String, host: String, subject: String, session: String?, namespace: String,
        number: Int64, at now: Timestamp
    ) throws(StoreError) {
        let rooms = try tables.connections.connect(
            connection, host: host, subject: subject, session: session, namespace: namespace, since: number,
            at: now)
        if let rooms {
            try record(.resumed(connection: connection, host: host, rooms: rooms), number: number, at: now)
        }
    }

    /// As `SharedState.heartbeat`.
    func heartbeat(host: String, now: Timestamp, expiresAt: Timestamp) throws(StoreError) -> Bool {
        let wasAlive = try tables.hosts.heartbeat(host, expiresAt: expiresAt)
        try prolongLeases(owner: host, now: now, until: expiresAt)
        try tables.connections.correctLosses(now: now)
        if try tables.hosts.forgetDead(now: now, expiresAt: expiresAt) {
            try tables.connections.loseThoseWithoutHost(at: now)
        }
        return wasAlive
    }

    /// As `SharedState.retire`.
    func retire(host: String, now: Timestamp) throws(StoreError) {
        try tables.hosts.forget(host)
        try tables.connections.loseThoseWithoutHost(at: now)
        try freeLeases(owner: host, now: now)
    }

    /// Drops a batch of what is past its use; whether there may be more.
    func trim(
        now: Timestamp, effectsBefore: Timestamp, connectionsLostBefore: Timestamp
    ) throws(StoreError) -> Bool {
        let limit = limits.trimBatch
        var most = try tables.outbox.trim(before: effectsBefore, limit: limit)
        most = max(most, try tables.connections.trim(before: connectionsLostBefore, limit: limit))
        // Who was in a room matters as long as there is an effect that it could concern.
        let oldest = try tables.outbox.first() ?? order.last + 1
        most = max(most, try tables.rooms.trim(before: oldest, limit: limit))
        most = max(most, try tables.rates.trim(before: now, limit: limit))
        // Somewhat later, so that what an invocation finds does not depend on how long it waited.
        most = max(most, try tables.answers.trim(before: now + (.zero - limits.expiredAnswers), limit: limit))
        return most == limit
    }

}
