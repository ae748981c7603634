internal import Base
internal import Glibc
internal import Net
internal import Runtime

/// The transports that are open, and their turns: who is sent to at a turn's end, who has had its share of it, and who
/// holds how much memory. Belongs to the loop's thread.
final class Transports {
    let core: HostCore
    let shares: ClientShares
    let deadlines: Deadlines
    private(set) var open: [UInt64: Transport] = [:]
    private var lastID: UInt64 = 16
    /// Who is sent to at the end of this turn.
    var flushes = Flushes()
    /// Where small pieces are put together before they are sent.
    var scratch: [UInt8] = []
    /// How often the loop has gone round: a host with nothing to do must stand still.
    private(set) var turns = 0
    /// Bytes that have been read in this turn.
    private var readBytes = 0
    /// Those that have used up what may be done for them in a turn.
    private var parked: [UInt64] = []
    /// Another one may be accepted.
    var hasClosed: (() -> Void)?
    /// A stop waits until nothing is in flight.
    var onIdle: CheckedContinuation<Void, Never>?

    private var limits: HostLimits { core.limits }

    init(_ core: HostCore, _ shares: ClientShares) {
        self.core = core
        self.shares = shares
        deadlines = Deadlines(core)
        deadlines.look = { [weak self] id in self?.open[id]?.look() }
        shares.evictors.append { [weak self] id in self?.evict(id) ?? false }
    }

    // MARK: Coming and going

    /// Takes up a descriptor, over which somebody is to speak; closes it where it cannot be watched.
    func adopt(_ descriptor: Int32, address: String, isShared: Bool) throws(HostError) -> Transport {
        lastID += 1
        let transport = Transport(
            id: lastID, descriptor: descriptor, address: address,
            share: TurnShare(credit: TurnCredit(perTurn: limits.turnCredit, turn: turns)), pool: self)
        do throws(HostError) {
            try core.loop.watch(descriptor, for: .read, token: transport.id)
        } catch {
            close(descriptor)
            throw error
        }
        open[transport.id] = transport
        if !isShared { shares.connections.take(transport.id, by: AddressBlock.of(address)) }
        transport.expire(at: core.now + limits.idleTime)
        return transport
    }

    func remove(_ transport: Transport) {
        open[transport.id] = nil
        shares.connections.leave(transport.id)
        shares.turnedAway.remove(transport.id)
        if transport.share.isNoted { shares.forget(transport.id) }
        core.loop.forget(transport.descriptor)
        deadlines.forget(transport.id)
    }

    func closeAll() { for transport in Array(open.values) { transport.close() } }

    // MARK: Turns

    /// What this turn has brought is done with, in order.
    func turnEnds() {
        turns &+= 1
        readBytes = 0
        resumeParked()
    }

    /// How much is read at once: where many send much, each turn takes less of each, so that what is short is soon
    /// reached.
    var readRoom: Int { max(limits.leastRead, min(limits.readBytes, (limits.turnReadBytes - readBytes) / 4)) }

    func hasRead(_ count: Int) { readBytes += count }

    /// Whether anything more may be done for a transport now. If not, it goes on by itself: in the next turn, or once
    /// it has rested.
    func hasTurn(_ transport: Transport) -> Bool {
        guard !transport.share.isParked else { return false }
        guard !transport.share.credit.isLeft(perTurn: limits.turnCredit, in: turns) else { return true }
        transport.share.isParked = true
        // The next turn comes at once, though nothing else is to do.
        if parked.isEmpty { core.loop.callSoon {} }
        parked.append(transport.id)
        return false
    }

    /// Something was done for a transport that costs so much. It is paid for in turns, and in time as well: turns
    /// without work are over at once, so that a connection alone could keep the loop busy for ever, and the others'
    /// next request would come behind one message that inflates to a megabyte after the other.
    func spend(_ cost: Int, of transport: Transport) {
        transport.share.credit.spend(cost)
        let pace = Pace.Limit(burst: limits.costAtOnce, perSecond: limits.costPerSecond)
        guard let rest = transport.share.pace.spend(cost, at: core.now, pace), !transport.share.isParked
        else { return }
        transport.share.isParked = true
        _ = core.loop.callLater(after: rest) { [weak self, id = transport.id] in
            guard let self else { return }
            core.turnBegins()
            if open[id] != nil { parked.append(id) }
        }
    }

    /// Goes on with those whose turn was over, each as far as its next one goes.
    private func resumeParked() {
        guard !parked.isEmpty else { return }
        let ids = parked
        parked.removeAll(keepingCapacity: true)
        for id in ids {
            guard let transport = open[id] else { continue }
            transport.share.isParked = false
            transport.speaker?.goOn()
            weigh(transport)
            transport.watch()
        }
    }

    // MARK: Sending

    /// Sends what this turn has brought.
    func flush() {
        releaseShares()
        // Sending may let further requests be answered, within this turn still.
        while let transports = flushes.take() {
            for id in transports {
                guard let transport = open[id] else { continue }
                transport.isDirty = false
                transport.flush()
                weigh(transport)
            }
        }
        if onIdle != nil, isDrained { resumeStop() }
    }

    private func releaseShares() {
        guard let wait = flushes.release(core.engine.platform.uptime(), limits) else { return }
        flushes.timer = core.loop.callLater(after: wait) { [weak self] in self?.flushes.timer = nil }
    }

    /// Whether a stop has nothing left to wait for: no invocation runs, and every answer has gone out.
    var isDrained: Bool { core.tasks.count == 0 && open.values.allSatisfy { $0.waitingBytes == 0 } }

    func resumeStop() {
        onIdle?.resume()
        onIdle = nil
    }

    func gauges() -> [Metrics.Gauge] {
        [Metrics.Gauge("gestaloka_connections", "Open TCP connections.", [([], Double(open.count))])]
    }

    // MARK: Memory

    /// Notes what a transport holds in memory. To be called when that may have changed.
    func weigh(_ transport: Transport) {
        guard transport.isOpen else { return }
        let received = transport.speaker?.heldBytes ?? 0
        transport.share.isNoted = shares.note(
            transport.id, received: received, unsent: transport.output.cost, before: transport.share.isNoted)
    }

    /// Where more waits than may, whoever holds most has to go.
    func relieve() { shares.relieve() }

    private func evict(_ id: UInt64) -> Bool {
        guard let transport = open[id] else { return false }
        transport.speaker?.evict()
        return true
    }
}
