internal import Synchronization

/// Runs an operation that must end in time.
///
/// At the deadline the operation's task is cancelled and the caller gets `DeadlineExceeded` at once. What the
/// operation returns after that is dropped; `late` is called when it has really ended. A caller's own cancellation is
/// passed on to the operation, which is still waited for.
func withDeadline(
    _ limit: Duration, on platform: Platform, operation: @escaping @Sendable () async throws -> String,
    late: @escaping @Sendable () -> Void
) async throws -> String {
    let race = Race()
    // Begins on the spot: an operation that never waits ends here, and needs neither a timer nor a turn of the executor.
    let task = Task.immediate(executorPreference: platform.executor) {
        let result: Result<String, any Error>
        do { result = .success(try await operation()) } catch { result = .failure(error) }
        switch race.finish(result) {
        case .won(let timer): if let timer { platform.timers.cancel(timer) }
        case .lost: late()
        }
    }
    if let result = race.result { return try result.get() }
    let result = await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            let timer = platform.timers.schedule(after: limit) {
                task.cancel()
                _ = race.finish(.failure(DeadlineExceeded()))
            }
            if race.isOver(orGoesOnWith: continuation, timer) { platform.timers.cancel(timer) }
        }
    } onCancel: {
        task.cancel()
    }
    return try result.get()
}

/// The operation did not end in time.
struct DeadlineExceeded: Error {}

/// The first to finish decides.
private final class Race: Sendable {
    private struct State {
        var result: Result<String, any Error>?
        var continuation: CheckedContinuation<Result<String, any Error>, Never>?
        var timer: TimerID?
    }

    enum Finish {
        /// The first; with the timer that is not needed any more.
        case won(TimerID?)
        case lost
    }

    private let state = Mutex(State())

    /// How it ended, if it has.
    var result: Result<String, any Error>? { state.withLock { $0.result } }

    /// Keeps who waits and what ends the waiting; where it is over already, resumes at once.
    func isOver(
        orGoesOnWith continuation: CheckedContinuation<Result<String, any Error>, Never>, _ timer: TimerID
    ) -> Bool {
        let result = state.withLock { state in
            if state.result == nil {
                state.continuation = continuation
                state.timer = timer
            }
            return state.result
        }
        if let result { continuation.resume(returning: result) }
        return result != nil
    }

    func finish(_ result: Result<String, any Error>) -> Finish {
        let (isFirst, continuation, timer) = state.withLock { state in
            guard state.result == nil else {
                return (false, nil as CheckedContinuation<Result<String, any Error>, Never>?, nil as TimerID?)
            }
            state.result = result
            defer { state.continuation = nil }
            return (true, state.continuation, state.timer)
        }
        guard isFirst else { return .lost }
        continuation?.resume(returning: result)
        return .won(timer)
    }
}
