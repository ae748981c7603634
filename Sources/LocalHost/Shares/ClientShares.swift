internal import Runtime

/// What each client may take of what the host has for all: kept by address, by transport and by session. Belongs to the
/// loop's thread.
final class ClientShares {
    /// How often an address may open a session.
    var handshakes: AddressRates
    /// TCP connections by the peer's address; those of trusted proxies are in no share.
    var connections: SharedPlaces
    /// Connections that are only told that there are too many.
    var turnedAway: Set<UInt64> = []
    /// Sessions that are in no namespace, by the client's address.
    var unconnected: SharedPlaces
    /// What has arrived and waits for the rest of it, or for its turn.
    private(set) var received: MemoryLedger
    /// What waits to be sent.
    private(set) var unsent: MemoryLedger
    /// Make somebody go who holds too much; each says whether it was one of its own.
    var evictors: [(UInt64) -> Bool] = []

    init(_ limits: HostLimits, handshakes rate: Rate) {
        handshakes = AddressRates(rate, capacity: limits.countedAddresses)
        connections = SharedPlaces(share: limits.addressShare)
        unconnected = SharedPlaces(share: limits.addressShare)
        received = MemoryLedger(limit: limits.receivedBytes)
        unsent = MemoryLedger(limit: limits.unsentBytes)
    }

    // MARK: Memory

    /// Notes what one holds; whether that is worth a note, where it was `before`.
    func note(_ entry: UInt64, received: Int, unsent: Int, before isNoted: Bool) -> Bool {
        let isSmall = max(received, unsent) <= Self.leastNoted
        guard !isSmall || isNoted else { return false }
        self.received.note(entry, received, least: Self.leastNoted)
        self.unsent.note(entry, unsent, least: Self.leastNoted)
        return !isSmall
    }

    /// Nothing of it is left.
    func forget(_ entry: UInt64) {
        received.note(entry, 0)
        unsent.note(entry, 0)
    }

    /// Where more waits than may, whoever holds most has to go, until it is enough. Their clients may come again.
    func relieve() {
        while received.isExceeded, let entry = received.largest { evict(entry) }
        while unsent.isExceeded, let entry = unsent.largest { evict(entry) }
    }

    private func evict(_ entry: UInt64) {
        forget(entry)
        _ = evictors.contains { $0(entry) }
    }

    /// Whether a peak of what has waited is over, so that memory can be given back to the system: malloc(3) keeps it
    /// otherwise.
    func hasPeakBehind(of bytes: Int) -> Bool {
        let isOver = [received.isOver(peakOf: bytes), unsent.isOver(peakOf: bytes)]
        return isOver.contains(true)
    }

    /// A session's entry in the ledgers, which have those of transports too.
    static func entry(ofLink id: UInt64) -> UInt64 { id | 1 << 63 }

    /// What smaller amounts are not noted.
    static let leastNoted = 4_096
}
