import Base
import Synchronization

/// A thread for every step of a task: these tests block, and blocked threads of the concurrency runtime's small pool
/// would hold up every other test.
private final class ThreadPerStep: TaskExecutor {
    private let threads = Mutex<[SystemThread]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Under the lock, so that `join` cannot come between a thread's start and its entry here.
        threads.withLock { threads in
            do {
                let thread = try SystemThread(named: "test-step") { [self] in
                    unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                }
                threads.append(thread)
            } catch { fatalError("no thread for a test: \(error)") }
        }
    }

    /// Waits for the threads; once the task has ended.
    func join() {
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }
}

/// Runs a test that blocks.
func offPool(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let threads = ThreadPerStep()
    defer { threads.join() }
    try await Task(executorPreference: threads) { try await body() }.value
}
