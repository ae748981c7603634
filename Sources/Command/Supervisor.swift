/// Which workers run, and what is to be done about those that do not.
///
/// It is told what has happened and answers with what to do; `SupervisorLoop` does it. Times are those of a clock that
/// only goes forward.
///
/// The first worker starts alone: what is wrong with the store it tells, once, and to the store's present schema it
/// brings it before several open it.
struct Supervisor {
    /// How a worker came to its end.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It could not be started at all.
        case failed(reason: String)
    }

    enum Action: Equatable {
        /// Start it, with a socket that listens.
        case start(Int)
        /// Let the others have its connections for now.
        case takeOut(Int)
        /// Say that all serve.
        case announce
        /// Say that it has ended, and when it is started again; nil: not at all.
        case reportEnd(Int, Ending, again: Duration?)
        /// Say that it serves again.
        case reportReturn(Int)
        /// It has said nothing for long: end it.
        case endSilent(Int)
        /// Listen no more, and ask every worker that runs to stop.
        case stop
        /// End every worker that runs.
        case kill
        /// All have ended: end with this many that had not finished.
        case finish(unfinished: Int)
        /// The only worker has ended by itself and has said why: end with its status, and say nothing.
        case follow(status: Int32)
    }

    private enum Worker {
        case waiting(until: Duration)
        case starting(since: Duration)
        case serving(Service)
        /// Has ended, or was never started.
        case ended

        var isRunning: Bool { since != nil }
        var since: Duration? {
            switch self {
            case .starting(let since): since
            case .serving(let service): service.since
            case .waiting, .ended: nil
            }
        }
    }

    /// What is known of a worker that serves.
    private struct Service {
        let since: Duration
        /// When it last said that its loop turns.
        var heard: Duration
        /// When that was last looked at.
        var lookedAt: Duration
        /// Looks in a row that found nothing said since the one before.
        var silences = 0
    }

    private enum Phase: Equatable {
        case starting
        case serving
        /// `killAt`: when the patience with those that still run ends; nil once they have been killed.
        case stopping(killAt: Duration?)
    }

    /// The wait before a worker that has died again is started again, doubled with every time; the first time there is none.
    static let firstDelay: Duration = .milliseconds(100)
    static let longestDelay: Duration = .seconds(5)
    /// A worker that has run for so long begins without a delay again.
    static let steadyTime: Duration = .seconds(60)
    /// So many silences in a row end a worker. More than one, so that nobody is ended for a time in which this process did
    /// not run either: it was stopped, or the machine was.
    static let silences = 2

    /// A request to stop that comes within so much time of another one is the same: timeout(1) sends a signal to its child
    /// and then to its group, a terminal to everybody in it.
    static let sameRequest: Duration = .milliseconds(500)

    /// How long workers may take to stop.
    private let patience: Duration
    /// How long one may say nothing.
    private let silence: Duration
    private var phase = Phase.starting
    private var workers: [Worker]
    private var delays: [Duration]
    private var unfinished = 0

    init(workers count: Int, patience: Duration, silence: Duration) {
        self.patience = patience
        self.silence = silence
        workers = Array(repeating: .ended, count: count)
        delays = Array(repeating: .zero, count: count)
    }

    /// When `passed` has something to do; nil: not before something happens.
    var nextDeadline: Duration? {
        if case .stopping(let killAt) = phase { return killAt }
        return workers.compactMap { worker in
            switch worker {
            case .waiting(let until): until
            case .serving(let service): service.lookedAt + silence
            case .starting, .ended: nil
            }
        }.min()
    }

    /// Whether somebody serves, and all who do have said so within `time`. Who stops is asked no more.
    func isAnswering(at now: Duration, within time: Duration) -> Bool {
        switch phase {
        case .starting: return false
        case .stopping: return true
        case .serving:
            let services = workers.compactMap { if case .serving(let service) = $0 { service } else { nil } }
            return !services.isEmpty && services.allSatisfy { now - $0.heard <= time }
        }
    }

    mutating func begin(at now: Duration) -> [Action] { start(0, at: now) }

    private mutating func start(_ worker: Int, at now: Duration) -> [Action] {
        workers[worker] = .starting(since: now)
        return [.start(worker)]
    }

    /// A worker says that it serves, or still does.
    mutating func serves(_ worker: Int, at now: Duration) -> [Action] {
        guard workers.indices.contains(worker) else { return [] }
        switch workers[worker] {
        case .waiting, .ended: return []
        case .serving(var service):
            service.heard = now
            workers[worker] = .serving(service)
            return []
        case .starting(let since):
            workers[worker] = .serving(Service(since: since, heard: now, lookedAt: now))
        }
        switch phase {
        case .stopping: return []
        case .serving: return [.reportReturn(worker)]
        case .starting:
            let others = workers.indices.filter { !workers[$0].isRunning }
            guard others.isEmpty else { return others.flatMap { start($0, at: now) } }
            let isComplete = workers.allSatisfy { if case .serving = $0 { true } else { false } }
            guard isComplete else { return [] }
            phase = .serving
            return [.announce]
        }
    }

    /// A worker's process has ended, or could not be started.
    mutating func ended(_ worker: Int, _ ending: Ending, at now: Duration) -> [Action] {
        guard workers.indices.contains(worker), let since = workers[worker].since else { return [] }
        let isFirst = !workers.indices.contains { $0 != worker && workers[$0].isRunning }
        workers[worker] = .ended
        switch phase {
        case .stopping:
            if case .exited(let status) = ending, status != ExitStatus.done {
                if workers.count == 1 { return [.follow(status: status)] }
            }
            if ending != .exited(ExitStatus.done) { unfinished += 1 }
            return finishIfAllHaveEnded()
        case .starting:
            if isFirst, case .exited(let status) = ending { return [.follow(status: status)] }
            // What keeps one from starting is told by that one; the others would share it.
            unfinished += 1
            return [.reportEnd(worker, ending, again: nil)] + beginStop(at: now)
        case .serving:
            if now - since >= Self.steadyTime { delays[worker] = .zero }
            let delay = delays[worker]
            delays[worker] = min(max(delay * 2, Self.firstDelay), Self.longestDelay)
            workers[worker] = .waiting(until: now + delay)
            // At first it is back in a moment, and what waits for it is not reset.
            return (delay > Self.firstDelay ? [.takeOut(worker)] : [])
                + [.reportEnd(worker, ending, again: delay)]
        }
    }

    /// The process was asked to stop; asked again, it does not wait any longer.
    mutating func stopRequested(at now: Duration) -> [Action] {
        guard case .stopping(let killAt) = phase else { return beginStop(at: now) }
        guard let killAt, now >= killAt - patience + Self.sameRequest else { return [] }
        phase = .stopping(killAt: nil)
        return [.kill]
    }

    /// Time has passed.
    mutating func passed(to now: Duration) -> [Action] {
        if case .stopping(let killAt) = phase {
            guard let killAt, now >= killAt else { return [] }
            phase = .stopping(killAt: nil)
            return [.kill]
        }
        return workers.indices.flatMap { index -> [Action] in
            switch workers[index] {
            case .waiting(let until) where now >= until: start(index, at: now)
            case .serving(let service) where now >= service.lookedAt + silence:
                look(at: index, service, at: now)
            case .waiting, .starting, .serving, .ended: []
            }
        }
    }

    private mutating func look(at worker: Int, _ service: Service, at now: Duration) -> [Action] {
        var service = service
        service.silences = service.heard > service.lookedAt ? 0 : service.silences + 1
        service.lookedAt = now
        let isOver = service.silences == Self.silences
        if isOver { service.silences = 0 }
        workers[worker] = .serving(service)
        return isOver ? [.endSilent(worker)] : []
    }

    private mutating func beginStop(at now: Duration) -> [Action] {
        phase = .stopping(killAt: now + patience)
        return [.stop] + finishIfAllHaveEnded()
    }

    private func finishIfAllHaveEnded() -> [Action] {
        workers.contains { $0.isRunning } ? [] : [.finish(unfinished: unfinished)]
    }
}
