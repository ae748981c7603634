internal import Ledger
internal import Base

/// Rows that the writer has read or written and would read again: true as long as no other process commits.
///
/// A transaction's beginning tells whether one did (the number of the store's order has moved); then, and when a
/// transaction is lost, everything is forgotten. Each map is bounded, and starts anew when it is full.
struct KnownState {
    private static let capacity = 16_384

    /// Sessions that are not revoked.
    private(set) var sessions = BoundedCache<String, Session>(capacity: capacity)
    /// Records' versions, 0 for one that does not exist.
    private(set) var versions = BoundedCache<RecordName, Int64>(capacity: capacity)
    /// Groups that are in their queue's table.
    private(set) var groups = BoundedCache<GroupName, Void>(capacity: capacity)
    /// Counters as they are stored, but for those in `changedRates`. No `BoundedCache`: one that the transaction has still to
    /// write must not be forgotten before.
    private(set) var rates: [String: OpenRateWindow] = [:]
    /// Counters that the transaction has still to write.
    private(set) var changedRates: [OpenRateWindow] = []

    struct Session {
        let subject: String
        let end: Timestamp
    }

    struct GroupName: Hashable {
        let queue: String
        let name: String
    }

    mutating func remember(_ session: Session, id: String) {
        sessions.keep(session, for: id)
    }

    mutating func forget(session: String) { sessions.forget(session) }

    mutating func remember(_ record: RecordName, version: Int64) {
        versions.keep(version, for: record)
    }

    mutating func remember(_ group: GroupName) {
        groups.keep((), for: group)
    }

    mutating func forget(_ group: GroupName) { groups.forget(group) }

    mutating func remember(_ rate: OpenRateWindow) { rates[rate.rule.key] = rate }

    mutating func markChanged(_ rate: OpenRateWindow) {
        guard !rate.isChanged else { return }
        rate.isChanged = true
        changedRates.append(rate)
    }

    /// The counters are written.
    mutating func ratesAreStored() {
        for rate in changedRates { rate.isChanged = false }
        changedRates.removeAll(keepingCapacity: true)
        if rates.count >= Self.capacity { rates.removeAll() }
    }

    /// Forgets rows that a part of the transaction which was taken back may have changed. Counters are not among them.
    mutating func forgetRows() {
        sessions.forgetAll()
        versions.forgetAll()
        groups.forgetAll()
    }
}
