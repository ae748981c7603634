internal import Base
internal import Confinement
internal import Ledger
internal import Net
internal import Runtime
internal import Synchronization

/// The processes of all functions that have processes of their own. Belongs to the loop's thread.
final class InstancePools {
    private let core: HostCore
    private let programs: InstancePrograms
    private let tokens = InstanceTokens()
    private let watch: ProcessWatch
    /// By the names of their functions.
    let pools: [String: InstancePool]
    private let changes: InstanceChanges
    private let breached: Mailbox

    static let starts = Metrics.Counter(
        "gestaloka_instance_starts_total", "Processes of functions that were started, or have died.")

    /// Nil where no function has processes of its own. Throws where they cannot be looked after.
    init?(_ transports: Transports, _ programs: InstancePrograms) throws(SystemError) {
        core = transports.core
        self.programs = programs
        let entries = core.engine.manifest.functions.filter { $0.isolation == .process }
        guard !entries.isEmpty else { return nil }
        let breached = Mailbox()
        watch = try ProcessWatch { pid, breach in breached.tell(pid, breach) }
        var pools: [String: InstancePool] = [:]
        for entry in entries { pools[entry.name] = InstancePool(entry, transports, tokens, watch, programs) }
        self.pools = pools
        changes = InstanceChanges(core, programs)
        self.breached = breached
    }

    /// Brings breaches to the loop.
    private final class Mailbox: Sendable {
        private let held = Mutex<(@Sendable ((Int32, ProcessBreach)) -> Void)?>(nil)

        func set(_ action: @escaping @Sendable ((Int32, ProcessBreach)) -> Void) {
            held.withLock { $0 = action }
        }
        func tell(_ pid: Int32, _ breach: ProcessBreach) { held.withLock { $0 }?((pid, breach)) }
    }

    // MARK: Life

    func start() {
        let submit = core.loop.callback { [weak self] (order: InstanceOrder) in self?.take(order) }
        core.engine.processes = InstanceGate(submit: submit, metrics: core.engine.metrics)
        breached.set(
            core.loop.callback { [pools] (breach: (Int32, ProcessBreach)) in
                for pool in pools.values { pool.breached(breach.0, breach.1) }
            })
        ProcessCleaning.removeLeftOver(in: programs.temporaryParent)
        changes.begin(Array(pools.values.map(\.entry)))
        for pool in pools.values { pool.look() }
        core.every(core.limits.instanceLook) { [weak self] in self?.look() }
    }

    private func look() {
        core.turnBegins()
        for entry in changes.changed(pools.values.map(\.entry)) { pools[entry.name]?.renew(entry) }
        for pool in pools.values { pool.look() }
    }

    func ready(_ token: UInt64, _ events: ReadyEvents) -> Bool { tokens.ready(token, events) }

    func stop() async {
        core.engine.processes = nil
        for pool in pools.values { await pool.stop() }
        watch.close()
        _ = ProcessCleaning.wait(atMost: core.limits.instanceGrace)
    }

    // MARK: Invocations

    private func take(_ order: InstanceOrder) {
        core.turnBegins()
        guard let pool = pools[order.function] else {
            return order.reply(.failed(Problem(.failed, "The function has no processes here.")))
        }
        if order.isCancelled { return order.reply(.failed(Problem(.busy, "It was cancelled."))) }
        let time = order.time.map { min($0, pool.entry.limits.timeout) } ?? pool.entry.limits.timeout
        let task = InstanceTask(
            id: core.engine.platform.secretIdentifier("invocation"), event: order.event,
            payload: order.payload,
            contentType: order.contentType,
            // Who looks after the whole time itself must hear that all are busy before it is over.
            patience: order.time.map { $0 - min($0 / 10, core.limits.patienceMargin) } ?? time, time: time,
            grace: order.time == nil ? core.limits.overrunGrace : .zero, live: order.live, reply: order.reply)
        let cancel = core.loop.callback { [weak pool, weak task] (_: Bool) in
            if let pool, let task { pool.cancel(task) }
        }
        order.began { cancel(true) }
        pool.submit(task)
    }

    // MARK: What is shown

    /// Functions that cannot be started at present.
    var failing: [String] { pools.values.filter { $0.fault != nil }.map(\.entry.name).sorted() }

    func gauges() -> [Metrics.Gauge] {
        let counts = pools.sorted { $0.key < $1.key }.map { ($0.key, $0.value.counts) }
        return [
            Metrics.Gauge(
                "gestaloka_instances", "Processes of functions.",
                counts.flatMap { name, count in
                    [
                        ([("function", name), ("state", "starting")], Double(count.starting)),
                        ([("function", name), ("state", "idle")], Double(count.idle)),
                        ([("function", name), ("state", "busy")], Double(count.busy)),
                    ]
                }),
            Metrics.Gauge(
                "gestaloka_instances_waiting", "Invocations that wait for a process.",
                counts.map { ([("function", $0.0)], Double($0.1.waiting)) }),
        ]
    }
}
