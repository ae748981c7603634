internal import Base
internal import Net
internal import Runtime

/// What the host itself asks functions for: sockets' beginnings and ends, and clients' answers. Nobody is there who could
/// be told that it is too much at the moment, so it waits for its turn instead.
final class PatientCaller {
    private let core: HostCore
    /// By function, the places for what the host itself asks for.
    private let places = TaskTurns()

    init(_ core: HostCore) { self.core = core }

    /// Takes one of a function's places, once one is free.
    func take(_ entry: FunctionEntry) async { await places.turn(entry.name, of: entry.limits.concurrency) }

    /// Gives it back.
    func leave(_ entry: FunctionEntry) { places.leave(entry.name) }

    /// Runs a function that a place was taken for. Others may have filled it beside that, or the store be too busy: then
    /// again, until `deadline`. `event` makes the event of each try; nil once it is wanted no more.
    func insist(
        on entry: FunctionEntry, until deadline: Duration, _ event: () -> Event?
    ) async -> Outcome? {
        var pause = core.limits.firstRetry
        while let event = event() {
            let outcome = await core.engine.invoke(entry, event)
            guard outcome.problem?.kind == .busy, core.engine.platform.uptime() + pause < deadline,
                !core.lifecycle.isOutOfTime
            else { return outcome }
            await wait(pause)
            pause = min(pause * 2, core.limits.lastRetry)
        }
        return nil
    }

    private func wait(_ time: Duration) async {
        await withCheckedContinuation { continuation in
            _ = core.loop.callLater(after: time) { continuation.resume() }
        }
    }
}

/// Lines of tasks. Belongs to the loop's thread.
final class TaskTurns {
    private var turns = Turns<CheckedContinuation<Void, Never>>()

    /// Takes a place in a line of so many, once one is free.
    func turn(_ name: String, of places: Int = 1) async {
        if turns.take(name, of: places) { return }
        await withCheckedContinuation { turns.wait(name, $0) }
    }

    /// Takes a place, if one is free.
    func take(_ name: String) -> Bool { turns.take(name) }

    /// Gives a place back.
    func leave(_ name: String) { turns.leave(name)?.resume() }

    func isTaken(_ name: String) -> Bool { turns.isTaken(name) }
}
