internal import Ledger
internal import Runtime

/// The trigger `queue`: a worker for each queue that the manifest binds a function to.
final class QueueTrigger: TriggerKind {
    private let core: HostCore
    private let workers: [QueueWorker]

    init(_ core: HostCore) {
        self.core = core
        workers = core.engine.manifest.functions.flatMap { entry in
            entry.triggers.compactMap { trigger in
                guard case .queue(let name, let batch) = trigger else { return nil }
                return QueueWorker(name, batch: batch, entry, core)
            }
        }
    }

    func start() { for worker in workers { worker.look() } }

    func follow(_ committed: Committed) { for worker in workers { worker.follow(committed) } }

    func gauges() async -> [Metrics.Gauge] {
        let depths = (try? await core.engine.state.queueDepths()) ?? []
        // Those of other triggers, too, as far as there is anything in them.
        let others = Set(depths.map(\.queue)).subtracting(workers.map(\.name)).sorted()
        let names = workers.map(\.name) + others.prefix(Metrics.maximumSeries)
        func gauge(_ name: String, _ help: String, _ value: (QueueDepth) -> Int) -> Metrics.Gauge {
            Metrics.Gauge(
                name, help,
                names.map { name in
                    let depth = depths.first { $0.queue == name }
                    return ([("queue", name)], Double(depth.map(value) ?? 0))
                })
        }
        return [
            gauge("gestaloka_queue_depth", "Jobs that wait or run.", \.waiting),
            gauge("gestaloka_dead_letters", "Jobs that were given up.", \.dead),
        ]
    }
}
