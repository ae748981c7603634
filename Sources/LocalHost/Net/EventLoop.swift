public import Base
internal import CLinux
internal import Glibc
internal import Synchronization

/// Who is told that a descriptor is ready. Called on the loop's thread.
package protocol ReadinessHandler: AnyObject, Sendable {
    /// The descriptor registered under `token` can be read or written, or has failed.
    func ready(token: UInt64, events: ReadyEvents)
    /// Everything of this turn has run; the loop is about to wait.
    func turnEnded()
}

/// What a descriptor is ready for.
package struct ReadyEvents: OptionSet {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let read = ReadyEvents(rawValue: clinux_in)
    package static let write = ReadyEvents(rawValue: clinux_out)
    package static let hangup = ReadyEvents(rawValue: clinux_hangup | clinux_error)
}

/// One thread that waits for descriptors and timers, and runs tasks and an actor's work in between.
///
/// The functions, the sockets and the HTTP side of a host all run here, so that they need no locks; what blocks (the
/// store's writer, the log's writer) has threads of its own. epoll(7), level-triggered.
public final class EventLoop: TaskExecutor, SerialExecutor, Timers {
    private enum Work {
        case job(UnownedJob)
        case action(@Sendable () -> Void)
    }

    private struct Shared {
        var jobs: [Work] = []
        var timers = TimerQueue()
        var isSleeping = false
        var isStopped = false
        var thread: pthread_t?
    }

    private let shared = Mutex(Shared())
    private let epoll: Int32
    private let wakeup: Bell
    private let handler = Mutex<(any ReadinessHandler)?>(nil)

    private static let wakeupToken: UInt64 = 0

    /// A loop that is not running yet. Throws where the process may open no more descriptors.
    public init() throws(HostError) {
        epoll = clinux_epoll_create()
        let failure: SystemError
        do throws(SystemError) {
            wakeup = try Bell()
            if epoll >= 0,
                clinux_epoll_control(epoll, clinux_add, wakeup.descriptor, clinux_in, Self.wakeupToken) == 0
            {
                return
            }
            failure = SystemError("epoll")
        } catch { failure = error }
        throw .call(name: failure.call, reason: SystemError.words(failure.code))
    }

    deinit {
        close(epoll)
    }

    // MARK: Running

    /// Runs on the calling thread until `stop`.
    public func run() {
        shared.withLock { $0.thread = pthread_self() }
        // Not more: what is read in a turn is done before those are answered who came before it.
        var ready = [clinux_ready](repeating: clinux_ready(), count: 64)
        while !shared.withLock({ $0.isStopped }) {
            // What jobs lead to is run before the kernel is asked again, within reason.
            for _ in 0..<8 where runJobs() {}
            fireTimers()
            let handler = handler.withLock { $0 }
            handler?.turnEnded()
            let count = unsafe clinux_epoll_wait(epoll, &ready, Int32(ready.count), timeUntilWork())
            shared.withLock { $0.isSleeping = false }
            for event in ready.prefix(Int(max(0, count))) {
                if event.token == Self.wakeupToken {
                    wakeup.wait()
                } else {
                    handler?.ready(token: event.token, events: ReadyEvents(rawValue: event.events))
                }
            }
        }
        runJobs()
    }

    /// Runs the loop on this thread until `operation` has ended, and returns its result.
    public func run<T: Sendable>(_ operation: @escaping @Sendable () async throws -> T) throws -> T {
        let result = Mutex<Result<T, any Error>?>(nil)
        Task(executorPreference: self) {
            let ended: Result<T, any Error>
            do { ended = .success(try await operation()) } catch { ended = .failure(error) }
            result.withLock { $0 = ended }
            self.stop()
        }
        run()
        guard let ended = result.withLock({ $0 }) else { throw CancellationError() }
        return try ended.get()
    }

    /// Ends `run` after its present turn. From any thread.
    public func stop() {
        shared.withLock { $0.isStopped = true }
        wake()
    }

    /// Who is told of descriptors.
    package func setHandler(_ handler: (any ReadinessHandler)?) { self.handler.withLock { $0 = handler } }

    // MARK: Descriptors, on the loop's thread

    package func watch(_ descriptor: Int32, for events: ReadyEvents, token: UInt64) throws(HostError) {
        guard clinux_epoll_control(epoll, clinux_add, descriptor, events.rawValue, token) == 0 else {
            throw .system("epoll_ctl", errno)
        }
    }

    package func change(_ descriptor: Int32, to events: ReadyEvents, token: UInt64) {
        _ = clinux_epoll_control(epoll, clinux_modify, descriptor, events.rawValue, token)
    }

    package func forget(_ descriptor: Int32) {
        _ = clinux_epoll_control(epoll, clinux_delete, descriptor, 0, 0)
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isSleeping = shared.withLock { shared in
            shared.jobs.append(.job(job))
            defer { shared.isSleeping = false }
            return shared.isSleeping
        }
        if isSleeping { wake() }
    }

    /// Runs `action` on the loop's thread, after what is queued already. From any thread.
    package func perform(_ action: @escaping @Sendable () -> Void) {
        let isSleeping = shared.withLock { shared in
            shared.jobs.append(.action(action))
            defer { shared.isSleeping = false }
            return shared.isSleeping
        }
        if isSleeping { wake() }
    }

    // MARK: What stays on this thread

    // What belongs to the loop's thread is no `Sendable`: the compiler sees to it that nothing carries it elsewhere.
    // Only these four carry it, from this thread to this thread.

    /// Runs `action` after what is queued already. On the loop's thread.
    package func callSoon(_ action: @escaping () -> Void) { perform(staying(action)) }

    /// Runs `action` once after `delay`, unless cancelled before. On the loop's thread.
    package func callLater(after delay: Duration, _ action: @escaping () -> Void) -> TimerID {
        schedule(after: delay, staying(action))
    }

    /// Starts a task that stays on this thread, also behind whatever it waits for. On the loop's thread.
    @discardableResult
    package func createTask(_ work: @escaping () async -> Void) -> Task<Void, Never> {
        assert(isIsolatingCurrentContext() == true, "not on the event loop's thread")
        let staying = Staying(action: work)
        return Stay(loop: self).assumeIsolated { $0.start(staying) }
    }

    private func staying(_ action: @escaping () -> Void) -> @Sendable () -> Void {
        assert(isIsolatingCurrentContext() == true, "not on the event loop's thread")
        // Sound, for it is called on the thread that it comes from.
        return unsafe unsafeBitCast(action, to: (@Sendable () -> Void).self)
    }

    /// A function that may be called on any thread, and has `action` done on this one. On the loop's thread.
    package func callback<Value: Sendable>(_ action: @escaping (Value) -> Void) -> @Sendable (Value) -> Void {
        assert(isIsolatingCurrentContext() == true, "not on the event loop's thread")
        let staying = Staying(action: action)
        return { value in self.perform { staying.action(value) } }
    }

    private struct Staying<Action>: @unchecked Sendable {
        let action: Action
    }

    /// What a task that stays is isolated to: with an actor of the loop's own, what it calls and waits for goes on in
    /// place. Without one each return from an `await` goes through the queue, though it is on this thread already: of
    /// no actor is another executor than this one. So it is with a closure that has a capture list
    /// (findings/swift-capture-list-isolation.sh).
    private actor Stay {
        private let loop: EventLoop

        init(loop: EventLoop) { self.loop = loop }

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

        func start(_ staying: Staying<() async -> Void>) -> Task<Void, Never> {
            Task(executorPreference: loop) { await self.run(staying) }
        }

        private func run(_ staying: Staying<() async -> Void>) async { await staying.action() }
    }

    public func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the event loop's thread")
    }

    public func isIsolatingCurrentContext() -> Bool? {
        shared.withLock { shared in shared.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    /// Runs what is queued now; whether there was anything.
    @discardableResult
    private func runJobs() -> Bool {
        let jobs = shared.withLock { shared in
            let jobs = shared.jobs
            shared.jobs = []
            shared.jobs.reserveCapacity(jobs.count)
            return jobs
        }
        for work in jobs {
            switch work {
            case .job(let job):
                unsafe job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            case .action(let action): action()
            }
        }
        return !jobs.isEmpty
    }

    // MARK: Timers

    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerID {
        let deadline = ContinuousClock.now + max(delay, .zero)
        let (id, isSleeping) = shared.withLock { shared in
            let id = shared.timers.add(deadline, action)
            defer { shared.isSleeping = false }
            return (id, shared.isSleeping)
        }
        if isSleeping { wake() }
        return id
    }

    public func cancel(_ timer: TimerID) { shared.withLock { $0.timers.remove(timer) } }

    private func fireTimers() {
        guard shared.withLock({ !$0.timers.isEmpty }) else { return }
        let now = ContinuousClock.now
        while let action = shared.withLock({ $0.timers.takeDue(now) }) { action() }
    }

    /// Milliseconds to wait for descriptors: 0 with work at hand, -1 with nothing ahead.
    private func timeUntilWork() -> Int32 {
        shared.withLock { shared in
            guard shared.jobs.isEmpty, !shared.isStopped else { return 0 }
            shared.isSleeping = true
            guard let next = shared.timers.nextDeadline else { return -1 }
            let milliseconds = (next - ContinuousClock.now).milliseconds
            return Int32(clamping: max(0, milliseconds + 1))
        }
    }

    private func wake() { wakeup.ring() }
}
