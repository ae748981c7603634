internal import Base
internal import Functions
internal import Identity
internal import Synchronization

/// How one function is called, and ended.
protocol Runner: Sendable {
    /// Calls it once. At the limit it is told to end and not waited for; the caller's own cancellation is passed on to it,
    /// and it is still waited for.
    func run(_ call: AnyFunction.Prepared, _ context: Context, within limit: Duration) async -> RunEnd
}

/// What came of a call.
enum RunEnd {
    /// It returned JSON text, or threw.
    case ended(Result<String, any Error>)
    /// It did not end in time, and may still be at work.
    case overrun(RunningCall)
}

/// Calls functions in this process: at the deadline the function's task is cancelled, and what it returns after that is
/// dropped.
struct InlineRunner: Runner {
    let platform: Platform

    func run(_ call: AnyFunction.Prepared, _ context: Context, within limit: Duration) async -> RunEnd {
        let running = RunningCall()
        // Begins on the spot: a call that never waits ends here, and needs neither a timer nor a turn of the executor.
        let task = Task.immediate(executorPreference: platform.executor) { [platform] in
            let result: Result<String, any Error>
            do { result = .success(try await call.handle(context)) } catch { result = .failure(error) }
            if let timer = running.finish(result) { platform.timers.cancel(timer) }
        }
        if let result = running.result { return .ended(result) }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let timer = platform.timers.schedule(after: limit) {
                    task.cancel()
                    running.overrun()
                }
                if running.isOver(orGoesOnWith: continuation, timer) { platform.timers.cancel(timer) }
            }
        } onCancel: {
            task.cancel()
        }
        return result.map { .ended($0) } ?? .overrun(running)
    }
}

/// A call under way: the function's end and the deadline race, and the first decides.
final class RunningCall: Sendable {
    /// Nil for the deadline.
    typealias Ending = Result<String, any Error>?

    private struct State: ~Copyable {
        var ending: Ending = nil
        var isDecided = false
        var hasReturned = false
        var continuation: CheckedContinuation<Ending, Never>?
        var timer: TimerID?
        /// What a function that has overrun still holds.
        var place: Place?
    }

    private let state = Mutex(State())

    /// How the function ended, if it did so in time.
    var result: Ending { state.withLock { $0.ending } }

    /// Keeps who waits and what ends the waiting; where it is over already, resumes at once.
    func isOver(orGoesOnWith continuation: CheckedContinuation<Ending, Never>, _ timer: TimerID) -> Bool {
        let (isDecided, ending) = state.withLock { state in
            if !state.isDecided {
                state.continuation = continuation
                state.timer = timer
            }
            return (state.isDecided, state.ending)
        }
        if isDecided { continuation.resume(returning: ending) }
        return isDecided
    }

    /// The function has ended; the timer that is not needed any more, if there is one.
    func finish(_ result: Result<String, any Error>) -> TimerID? {
        let (isLate, continuation, timer) = state.withLock { state in
            state.hasReturned = true
            guard !state.isDecided else {
                return (true, nil as CheckedContinuation<Ending, Never>?, nil as TimerID?)
            }
            state.isDecided = true
            state.ending = result
            defer { state.continuation = nil }
            return (false, state.continuation, state.timer)
        }
        if isLate { _ = state.withLock { $0.place.take() } }
        continuation?.resume(returning: result)
        return timer
    }

    /// The time is over.
    func overrun() {
        let continuation = state.withLock { state in
            guard !state.isDecided else { return nil as CheckedContinuation<Ending, Never>? }
            state.isDecided = true
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(returning: Ending.none)
    }

    /// The function holds its place until it has really ended.
    func hold(_ place: consuming Place) {
        var place: Place? = place
        state.withLock { state in
            if !state.hasReturned { state.place = place.take() }
        }
    }
}
