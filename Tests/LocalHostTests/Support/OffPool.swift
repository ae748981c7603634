import Store

/// A thread for every step of a task: these tests block, and blocked threads of the concurrency runtime's small pool
/// would hold up every other test.
private final class ThreadPerStep: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        do {
            _ = try SystemThread(named: "test-step") { [self] in
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            }
        } catch { fatalError("no thread for a test: \(error)") }
    }
}

private let threads = ThreadPerStep()

/// Runs a test that blocks.
func offPool(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await Task(executorPreference: threads) { try await body() }.value
}
