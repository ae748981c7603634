internal import Base
internal import Ledger
internal import Net
internal import Runtime

/// One schedule, as this host serves it: asks `ScheduleClock` for a job when a time has come, and runs what is in the
/// schedule's queue.
///
/// All hosts ask; the store lets one of them begin. The job then has a lease, is tried again, and becomes a dead letter
/// as any other does. While one is in the queue no other is put there: a time that comes meanwhile counts as missed.
final class ScheduleWorker {
    /// What it is about to do.
    private enum Pace {
        case idle
        case asking
        case waiting(TimerID)
    }

    let trigger: ScheduledTrigger
    let queue: QueueWorker
    private let entry: FunctionEntry
    private let clock: FunctionEntry?
    private let core: HostCore
    private var pace = Pace.idle
    /// The last time that is done, as far as this host knows; nil until it has asked.
    private(set) var last: Timestamp?

    private var schedule: Schedule { trigger.schedule }
    private var limits: HostLimits { core.limits }

    var function: String { entry.name }
    var next: Timestamp? { schedule.next(after: core.wallClock) }

    init(_ trigger: ScheduledTrigger, _ entry: FunctionEntry, _ core: HostCore) {
        self.trigger = trigger
        self.entry = entry
        self.core = core
        clock = core.engine.manifest.functions.first { $0.handler == ScheduleClock.handlerName }
        let source = Event.Source.other(kind: ScheduledTrigger.kind, name: trigger.schedule.text)
        queue = QueueWorker(
            "schedule:\(entry.name):\(trigger.name)", batch: 1, entry, core,
            roles: entry.access.roles + (trigger.role.map { [$0] } ?? [])
        ) { _ in source }
    }

    func start() {
        queue.look()
        look()
    }

    func stop() {
        if case .waiting(let timer) = pace { core.loop.cancel(timer) }
        pace = .idle
    }

    /// Sees whether a time has come.
    private func look() {
        guard !core.lifecycle.isStopping, case .idle = pace else { return }
        let now = core.wallClock
        if let last, last > schedule.latestBelieved(at: now) { self.last = nil }
        guard let last else { return ask(for: nil, at: now) }
        guard let due = schedule.last(through: now, after: last),
            trigger.catchUp == .one || now - due <= limits.scheduleGrace
        else { return rest(at: now) }
        ask(for: due, at: now)
    }

    /// Until the next time, or for as long as the clock is believed.
    private func rest(at now: Timestamp) {
        let delay = schedule.next(after: now).map { $0 - now } ?? limits.scheduleLook
        wait(min(limits.scheduleLook, max(delay, .milliseconds(1))))
    }

    private func wait(_ delay: Duration) {
        guard !core.lifecycle.isStopping else { return pace = .idle }
        pace = .waiting(
            core.loop.callLater(after: delay) { [weak self] in
                self?.pace = .idle
                self?.look()
            })
    }

    private func ask(for due: Timestamp?, at now: Timestamp) {
        pace = .asking
        core.tasks.start { await self.take(due, at: now) }
    }

    private func take(_ due: Timestamp?, at now: Timestamp) async {
        if due != nil, await isRunning {
            wait(limits.queueRetry)
        } else if let answer = await answer(due, at: now) {
            last = answer.last
            // A time may have been missed, or have come since.
            pace = .idle
            look()
        } else {
            wait(limits.queueRetry)
        }
    }

    /// Whether the job of an earlier time waits or runs, here or elsewhere; also where nobody can tell.
    private var isRunning: Bool {
        get async {
            guard let depths = try? await core.engine.state.queueDepths() else { return true }
            return depths.contains { $0.queue == queue.name && $0.waiting > 0 }
        }
    }

    private func answer(_ due: Timestamp?, at now: Timestamp) async -> ScheduleClock.Output? {
        let input = ScheduleClock.Input(
            schedule: queue.name, due: due, believed: schedule.latestBelieved(at: now),
            group: "schedule:\(entry.name)")
        guard let clock, let data = try? JSON.encode(input) else { return nil }
        let outcome = await core.engine.invoke(
            clock, Event(id: core.requestID(), time: now, trigger: .direct, data: Array(data.utf8)))
        guard outcome.isSuccess else { return nil }
        return JSON.decodeStrict(ScheduleClock.Output.self, from: Array(outcome.json.utf8))
    }
}
