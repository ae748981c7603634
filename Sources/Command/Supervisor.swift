/// Which workers run, and what is to be done about those that do not.
///
/// It is told what has happened and answers with what to do; `WorkerProcesses` does it. Times are those of a clock that
/// only goes forward.
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
        /// Listen no more, and ask every worker that runs to stop.
        case stop
        /// End every worker that runs.
        case kill
        /// All have ended: end with this many that had not finished.
        case finish(unfinished: Int)
    }

    private enum Worker {
        case waiting(until: Duration)
        case starting(since: Duration)
        case serving(since: Duration)
        case ended

        var isRunning: Bool { since != nil }
        var since: Duration? {
            switch self {
            case .starting(let since), .serving(let since): since
            case .waiting, .ended: nil
            }
        }
    }

    private enum Phase: Equatable {
        case starting
        case serving
        /// `killAt`: when the patience with those that still run ends; nil once they have been killed.
        case stopping(killAt: Duration?)
    }

    /// The wait before a worker that has died is started again, doubled with every time.
    static let firstDelay: Duration = .milliseconds(100)
    static let longestDelay: Duration = .seconds(5)
    /// A worker that has run for so long begins with the first delay again.
    static let steadyTime: Duration = .seconds(60)

    /// How long workers may take to stop.
    private let patience: Duration
    private var phase = Phase.starting
    private var workers: [Worker]
    private var delays: [Duration]
    private var unfinished = 0

    init(workers count: Int, patience: Duration) {
        self.patience = patience
        workers = Array(repeating: .ended, count: count)
        delays = Array(repeating: Self.firstDelay, count: count)
    }

    /// When `passed` has something to do; nil: not before something happens.
    var nextDeadline: Duration? {
        if case .stopping(let killAt) = phase { return killAt }
        return workers.compactMap { worker in
            guard case .waiting(let until) = worker else { return nil }
            return until
        }.min()
    }

    mutating func begin(at now: Duration) -> [Action] {
        workers = workers.map { _ in .starting(since: now) }
        return workers.indices.map { .start($0) }
    }

    /// A worker serves.
    mutating func serves(_ worker: Int) -> [Action] {
        guard workers.indices.contains(worker), case .starting(let since) = workers[worker] else { return [] }
        workers[worker] = .serving(since: since)
        switch phase {
        case .stopping: return []
        case .serving: return [.reportReturn(worker)]
        case .starting:
            let isComplete = workers.allSatisfy { if case .serving = $0 { true } else { false } }
            guard isComplete else { return [] }
            phase = .serving
            return [.announce]
        }
    }

    /// A worker's process has ended, or could not be started.
    mutating func ended(_ worker: Int, _ ending: Ending, at now: Duration) -> [Action] {
        guard workers.indices.contains(worker), let since = workers[worker].since else { return [] }
        workers[worker] = .ended
        switch phase {
        case .stopping:
            if ending != .exited(ExitStatus.done) { unfinished += 1 }
            return finishIfAllHaveEnded()
        case .starting:
            // What keeps one from starting is told by that one; the others would share it.
            unfinished += 1
            return [.reportEnd(worker, ending, again: nil)] + beginStop(at: now)
        case .serving:
            if now - since >= Self.steadyTime { delays[worker] = Self.firstDelay }
            let delay = delays[worker]
            delays[worker] = min(delay * 2, Self.longestDelay)
            workers[worker] = .waiting(until: now + delay)
            // The first time it is back in a moment, and what waits for it is not reset.
            return (delay > Self.firstDelay ? [.takeOut(worker)] : [])
                + [.reportEnd(worker, ending, again: delay)]
        }
    }

    /// The process was asked to stop; asked again, it does not wait any longer.
    mutating func stopRequested(at now: Duration) -> [Action] {
        guard case .stopping = phase else { return beginStop(at: now) }
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
        return workers.indices.compactMap { index in
            guard case .waiting(let until) = workers[index], now >= until else { return nil }
            workers[index] = .starting(since: now)
            return .start(index)
        }
    }

    private mutating func beginStop(at now: Duration) -> [Action] {
        phase = .stopping(killAt: now + patience)
        return [.stop] + finishIfAllHaveEnded()
    }

    private func finishIfAllHaveEnded() -> [Action] {
        workers.contains { $0.isRunning } ? [] : [.finish(unfinished: unfinished)]
    }
}
