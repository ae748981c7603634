internal import Synchronization

/// Something to do inside the writer's transaction.
///
/// It runs on the writer's thread. What it returns is called when the fate of the transaction is known: nil for
/// success, once everything is on disk. An operation that needs no such wait returns nil and has answered already.
struct Operation: Sendable {
    typealias Completion = @Sendable (StoreError?) -> Void
    let run: @Sendable (Transaction) -> Completion?
    /// Called instead of `run` where no transaction could be had.
    let refuse: @Sendable (StoreError) -> Void
}

/// The one thread that writes, and its queue: operations are gathered into transactions (group commit).
///
/// While one transaction is made durable the next operations gather, so a batch is as large as the load. A
/// transaction that nobody waits for stays open a moment (`StoreLimits.openTransaction`): an admission and the unit
/// of work that follows it so share one fsync.
final class Writer: Sendable {
    private struct Queue {
        var operations: [Operation] = []
        var isWaiting = false
        var isClosed = false
    }

    private let queue = Mutex(Queue())
    private let limits: StoreLimits
    private let bell: Bell
    private let thread = Mutex<SystemThread?>(nil)

    init(limits: StoreLimits) throws(StoreError) {
        self.limits = limits
        bell = try Bell()
    }

    /// Starts the thread; it ends after `close`.
    func start(_ transaction: sending Transaction) throws(StoreError) {
        // Sound: the transaction is handed to the thread and never touched from elsewhere.
        nonisolated(unsafe) let transaction = transaction
        let started = try SystemThread(named: "store-writer") { [self] in unsafe run(transaction) }
        thread.withLock { $0 = started }
    }

    /// Queues an operation, or refuses it at once.
    func submit(_ operation: Operation) {
        let (refusal, ring): (StoreError?, Bool) = queue.withLock { queue in
            if queue.isClosed { return (.closed, false) }
            if queue.operations.count >= limits.waitingOperations { return (.overloaded, false) }
            queue.operations.append(operation)
            defer { queue.isWaiting = false }
            return (nil, queue.isWaiting)
        }
        if let refusal { operation.refuse(refusal) }
        if ring { bell.ring() }
    }

    /// Finishes what waits, then ends the thread; returns when it has.
    func close() {
        queue.withLock { $0.isClosed = true }
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run(_ transaction: Transaction) {
        while let operations = take(patience: nil), !operations.isEmpty {
            runTransaction(transaction, first: operations)
        }
    }

    private func runTransaction(_ transaction: Transaction, first: [Operation]) {
        do {
            try transaction.begin()
        } catch {
            for operation in first { operation.refuse(error) }
            return
        }
        var completions: [Operation.Completion] = []
        var batch = first
        var count = 0
        let opened = ContinuousClock.now
        while !batch.isEmpty {
            for operation in batch {
                if let loss = transaction.loss {
                    operation.refuse(loss)
                } else if let completion = operation.run(transaction) {
                    completions.append(completion)
                }
            }
            count += batch.count
            guard count < limits.operationsPerTransaction, transaction.loss == nil else { break }
            let open = limits.openTransaction - (ContinuousClock.now - opened)
            batch = take(patience: completions.isEmpty && transaction.isChanged ? open : .zero) ?? []
        }
        var failure: StoreError?
        do { try transaction.commit() } catch { failure = error }
        for completion in completions { completion(failure) }
        transaction.publish()
    }

    /// What waits now. With nothing there it waits: for as long as it takes (nil), or for `patience`. Nil when the
    /// queue is closed and empty.
    private func take(patience: Duration?) -> [Operation]? {
        while true {
            let (taken, isClosed): ([Operation], Bool) = queue.withLock { queue in
                if queue.operations.isEmpty {
                    queue.isWaiting = !queue.isClosed && patience != .zero
                    return ([], queue.isClosed)
                }
                let count = min(queue.operations.count, limits.operationsPerTransaction)
                if count == queue.operations.count {
                    let all = queue.operations
                    queue.operations = []
                    queue.operations.reserveCapacity(all.count)
                    return (all, false)
                }
                let part = Array(queue.operations.prefix(count))
                queue.operations.removeFirst(count)
                return (part, false)
            }
            if !taken.isEmpty { return taken }
            if isClosed { return nil }
            if let patience {
                if patience <= .zero || !bell.wait(atMost: patience) { return [] }
            } else {
                bell.wait()
            }
        }
    }
}
