internal import Synchronization

/// Runs an operation that must end in time.
///
/// At the deadline the operation's task is cancelled and the caller gets `DeadlineExceeded` at once. What the
/// operation returns after that is dropped; `late` is called when it has really ended.
func withDeadline<T: Sendable>(
    _ limit: Duration, on platform: Platform, operation: @escaping @Sendable () async throws -> T,
    late: @escaping @Sendable () -> Void
) async throws -> T {
    let race = Race<T>()
    let result = await withCheckedContinuation { continuation in
        race.begin(continuation)
        let task = Task(executorPreference: platform.executor) {
            let result: Result<T, any Error>
            do { result = .success(try await operation()) } catch { result = .failure(error) }
            switch race.finish(result) {
            case .won(let timer): if let timer { platform.timers.cancel(timer) }
            case .lost: late()
            }
        }
        let timer = platform.timers.schedule(after: limit) {
            task.cancel()
            _ = race.finish(.failure(DeadlineExceeded()))
        }
        if race.isOver(orEndsWith: timer) { platform.timers.cancel(timer) }
    }
    return try result.get()
}

/// The operation did not end in time.
struct DeadlineExceeded: Error {}

/// The first to finish decides.
private final class Race<T: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Result<T, any Error>, Never>?
        var timer: TimerID?
    }

    enum Finish {
        /// The first; with the timer that is not needed any more.
        case won(TimerID?)
        case lost
    }

    private let state = Mutex(State())

    func begin(_ continuation: CheckedContinuation<Result<T, any Error>, Never>) {
        state.withLock { $0.continuation = continuation }
    }

    /// Keeps the timer that ends the race, unless it is over already.
    func isOver(orEndsWith timer: TimerID) -> Bool {
        state.withLock { state in
            state.timer = timer
            return state.continuation == nil
        }
    }

    func finish(_ result: Result<T, any Error>) -> Finish {
        let (continuation, timer) = state.withLock { state in
            defer { state.continuation = nil }
            return (state.continuation, state.timer)
        }
        guard let continuation else { return .lost }
        continuation.resume(returning: result)
        return .won(timer)
    }
}
