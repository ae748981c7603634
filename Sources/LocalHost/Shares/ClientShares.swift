internal import Runtime

/// What each client may take of what the host has for all: kept by address, by connection and by link.
struct ClientShares {
    /// How often an address may open a link.
    var handshakes: AddressRates
    /// TCP connections by the peer's address; those of trusted proxies are in no share.
    var connections: SharedPlaces
    /// Connections that are only told that there are too many.
    var turnedAway: Set<UInt64> = []
    /// Links that are in no namespace, by the client's address.
    var unconnected: SharedPlaces
    /// What has arrived and waits for the rest of it, or for its turn.
    var received: MemoryLedger
    /// What waits to be sent.
    var unsent: MemoryLedger
    /// Connections that have used up what they may have done in a turn.
    var parked: [UInt64] = []

    init(_ limits: HostLimits, handshakes rate: Rate) {
        handshakes = AddressRates(rate, capacity: limits.countedAddresses)
        connections = SharedPlaces(share: limits.addressShare)
        unconnected = SharedPlaces(share: limits.addressShare)
        received = MemoryLedger(limit: limits.receivedBytes)
        unsent = MemoryLedger(limit: limits.unsentBytes)
    }

    /// Whether a peak of what has waited is over, so that memory can be given back to the system: malloc(3) keeps it
    /// otherwise.
    mutating func hasPeakBehind(of bytes: Int) -> Bool {
        let isOver = [received.isOver(peakOf: bytes), unsent.isOver(peakOf: bytes)]
        return isOver.contains(true)
    }

    /// A link's entry in the ledgers, which have those of connections too.
    static func entry(ofLink id: UInt64) -> UInt64 { id | 1 << 63 }

    /// What smaller amounts are not noted.
    static let leastNoted = 4_096
}
