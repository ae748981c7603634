internal import Base
internal import Ledger

/// The table of hosts and how long they live.
final class Hosts {
    private let beat: Statement
    private let firstBeat: Statement
    private let deleteDead: Statement
    private let delete: Statement

    init(_ database: Database) {
        beat = Statement(database, "UPDATE host SET expires_at = ?2 WHERE id = ?1")
        firstBeat = Statement(database, "INSERT INTO host(id, expires_at) VALUES (?1, ?2)")
        deleteDead = Statement(database, "DELETE FROM host WHERE expires_at < ?1 OR expires_at > ?2")
        delete = Statement(database, "DELETE FROM host WHERE id = ?1")
    }

    /// Whether the host counted as alive until now.
    func heartbeat(_ host: String, expiresAt: Timestamp) throws(StoreError) -> Bool {
        if try beat.changes(.text(host), .time(expiresAt)) > 0 { return true }
        try firstBeat.run(.text(host), .time(expiresAt))
        return false
    }

    /// Forgets those that are dead; whether there were any.
    ///
    /// Hosts have one length of lease, about: who says to live for much longer than the one that beats now said it while
    /// the clock was ahead. If it lives, it says so again.
    func forgetDead(now: Timestamp, expiresAt: Timestamp) throws(StoreError) -> Bool {
        let latest = expiresAt + max(expiresAt - now, .zero) * 10
        return try deleteDead.changes(.time(now), .time(latest)) > 0
    }

    func forget(_ host: String) throws(StoreError) { try delete.run(.text(host)) }
}
