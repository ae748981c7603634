internal import Base
internal import Ledger
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
/// While one transaction is made durable (`Disk`) the next one gathers operations, so a batch is as large as the load.
/// A transaction that nobody waits for stays open a moment (`StoreLimits.openTransaction`): an admission and the unit
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
    private let disk: Disk
    private let thread = Mutex<SystemThread?>(nil)

    init(_ files: StoreFiles, opened: OpenedFiles, limits: StoreLimits) throws(StoreError) {
        self.limits = limits
        bell = try StoreError.mapped { () throws(SystemError) in try Bell() }
        disk = try Disk(files, opened: opened, isDone: bell)
    }

    /// What the thread works with, over connections of its own.
    struct Tools {
        let transaction: Transaction
        let checkpointer: Checkpointer
    }

    /// Starts the thread; it ends after `close`.
    func start(_ tools: sending Tools) throws(StoreError) {
        // Sound: they are handed to the thread and never touched from elsewhere.
        nonisolated(unsafe) let tools = tools
        let started = try StoreError.mapped { () throws(SystemError) in
            try SystemThread(named: "store-writer") { [self] in
                unsafe run(tools.transaction, tools.checkpointer)
            }
        }
        thread.withLock { $0 = started }
    }

    /// Why nothing can be made durable any more.
    var failure: StoreError? { disk.failure }

    /// Whether the store's files are gone. SQLite must not tidy up then when the last connection closes: it deletes the log
    /// by its name, which may be another store's by now.
    var isReplaced: Bool { if case .gone = disk.failure { true } else { false } }

    /// Looks whether the store's files are still where they were.
    func look() { disk.look() }

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

    private func run(_ transaction: Transaction, _ checkpointer: Checkpointer) {
        while true {
            let operations = take(patience: nil)
            if operations.isEmpty { break }
            runTransaction(transaction, first: operations)
            if let copied = checkpoint(checkpointer) { transaction.order.copied = copied }
        }
        disk.close()
        disk.look()
        if isReplaced { checkpointer.keepLog() }
    }

    /// While the commit before is made durable. What could not be copied stays in the log, and the next commit tries
    /// again; but after a sync that failed nobody knows what is on disk. Up to which number all was copied.
    private func checkpoint(_ checkpointer: Checkpointer) -> Int64? {
        guard disk.failure == nil else { return nil }
        do throws(StoreError) {
            return try checkpointer.run()
        } catch {
            if error == .io(code: Database.notSynced) { disk.fail(error) }
            return nil
        }
    }

    private func runTransaction(_ transaction: Transaction, first: [Operation]) {
        do throws(StoreError) {
            if let failure = disk.failure { throw failure }
            try transaction.begin()
        } catch {
            for operation in first { operation.refuse(error) }
            return
        }
        var completions: [Operation.Completion] = []
        var batch = first
        var count = 0
        let opened = ContinuousClock.now
        while true {
            for operation in batch {
                if let loss = transaction.loss {
                    operation.refuse(loss)
                } else if let completion = operation.run(transaction) {
                    completions.append(completion)
                }
            }
            count += batch.count
            guard count < limits.operationsPerTransaction, transaction.loss == nil else { break }
            let patience = patience(transaction, opened: opened, awaited: completions.count)
            guard patience > .zero else { break }
            batch = take(patience: patience)
            // There is no more to come. (And nothing to wait for: it would go round until the time is over.)
            if batch.isEmpty, queue.withLock({ $0.isClosed }) { break }
        }
        do throws(StoreError) {
            // What another process committed may not be on disk yet, either, and is about to be told.
            let needsDisk = transaction.isChanged || transaction.hasMissed
            try transaction.commit()
            let publication = transaction.publication()
            let finish: @Sendable (StoreError?) -> Void = { [completions] failure in
                // A function's events go before its answer, as a Socket.IO server's do.
                if failure == nil { publication.publish() }
                for completion in completions { completion(failure) }
            }
            if needsDisk { disk.sync(then: finish) } else { finish(nil) }
        } catch {
            for completion in completions { completion(error) }
            transaction.publication().publish()
        }
    }

    /// How long an open transaction waits for more work. With nobody waiting for it: for what its admissions lead to.
    /// With somebody: while the disk is still busy with the transaction before, for it could not be synced anyway; and
    /// a moment for invocations that are still at work to share the fsync (as PostgreSQL's commit_delay and
    /// commit_siblings have it).
    private func patience(_ transaction: Transaction, opened: ContinuousClock.Instant, awaited: Int)
        -> Duration
    {
        let age = ContinuousClock.now - opened
        if awaited == 0 { return transaction.isChanged ? limits.openTransaction - age : .zero }
        if disk.isBusy { return .milliseconds(10) }
        let hasCompany = awaited < limits.gatheredUnits && transaction.shared.inFlight.total > awaited
        return hasCompany ? limits.gathering - age : .zero
    }

    /// What waits now. With nothing there it waits: for as long as it takes (nil), or until the bell rings, or
    /// `patience` is over. Empty then, and when the queue is closed.
    private func take(patience: Duration?) -> [Operation] {
        var hasWaited = false
        while true {
            let (taken, isClosed): ([Operation], Bool) = queue.withLock { queue in
                if queue.operations.isEmpty {
                    queue.isWaiting = !queue.isClosed && !hasWaited
                    return ([], queue.isClosed)
                }
                queue.isWaiting = false
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
            if isClosed || hasWaited { return [] }
            if let patience {
                _ = bell.wait(atMost: patience)
                hasWaited = true
            } else {
                bell.wait()
            }
        }
    }
}
