internal import Base
internal import Ledger
internal import Runtime

/// The trigger `schedule`: a worker for each schedule that the manifest binds a function to.
final class ScheduleTrigger: TriggerKind {
    let workers: [ScheduleWorker]

    init(_ core: HostCore) {
        workers = core.engine.manifest.functions.flatMap { entry in
            entry.triggers.compactMap { ScheduledTrigger($0) }.map { ScheduleWorker($0, entry, core) }
        }
    }

    func start() { for worker in workers { worker.start() } }

    func follow(_ committed: Committed) { for worker in workers { worker.queue.follow(committed) } }

    func stop() { for worker in workers { worker.stop() } }

    func gauges() async -> [Metrics.Gauge] {
        guard !workers.isEmpty else { return [] }
        func gauge(_ name: String, _ help: String, _ value: (ScheduleWorker) -> Timestamp?) -> Metrics.Gauge {
            Metrics.Gauge(
                name, help,
                workers.map { worker in
                    (
                        [("function", worker.function), ("schedule", worker.trigger.name)],
                        value(worker).map { Double($0.milliseconds) / 1_000 } ?? 0
                    )
                })
        }
        return [
            gauge(
                "gestaloka_schedule_last_seconds",
                "The last time of a schedule that was begun, by any host, in seconds since 1970.", \.last),
            gauge(
                "gestaloka_schedule_next_seconds", "The next time of a schedule, in seconds since 1970.",
                \.next),
        ]
    }
}
