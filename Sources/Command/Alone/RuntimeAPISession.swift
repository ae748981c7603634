internal import Base
internal import LocalHost
internal import Net
internal import Runtime
internal import Synchronization

/// Serves the Lambda Runtime API with one function until it is stopped: asks for events, runs them, answers.
struct RuntimeAPISession: Sendable {
    private let host: TargetHost
    private let environment: [String: String]

    /// How many events a process may have in hand at once.
    static let concurrency = 1...1_000

    init(at address: String, environment: [String: String]) throws(RuntimeAPIError) {
        do { host = try TargetHost(url: "http://" + address) } catch { throw .address }
        self.environment = environment
    }

    /// Opens the function and serves it; the exit status. What keeps it from starting is told to the API as well.
    func run(_ open: (EventLoop) throws -> ServedFunction) throws -> Int32 {
        // Before any thread is started.
        let signals = try StopSignals()
        let loop = try EventLoop()
        let stop = try Bell()
        let served: ServedFunction
        let count: Int
        do {
            count = try loops()
            served = try open(loop)
        } catch {
            let client = client(.system(timers: loop, executor: loop), stop)
            try? client.failStart("\(error)", type: "Runtime.InitError")
            throw error
        }
        let log = served.workshop.log
        let platform = served.workshop.invoker.platform
        try served.workshop.run {
            log.write(
                .info, "Asking for events",
                [
                    ("function", .string(served.entry.name)), ("at", .string(host.authority)),
                    ("concurrency", .integer(Int64(count))),
                ], at: platform.now())
            loop.setHandler(StopWatch(signals, loop, stop))
            defer { loop.setHandler(nil) }
            try loop.watch(signals.descriptor, for: .read, token: StopWatch.token)
            try await serve(served, count, stop)
            log.write(.info, "Stopped", at: platform.now())
        }
        return ExitStatus.done
    }

    private func loops() throws(RuntimeAPIError) -> Int {
        guard let text = environment["AWS_LAMBDA_MAX_CONCURRENCY"], !text.isEmpty else { return 1 }
        guard let count = Int(text), Self.concurrency.contains(count) else { throw .concurrency }
        return count
    }

    private func client(_ platform: Platform, _ stop: Bell) -> RuntimeAPIClient {
        RuntimeAPIClient(of: host, uptime: platform.uptime, stop: stop)
    }

    /// Serves with so many threads until each has ended. The first that fails stops the others.
    private func serve(_ served: ServedFunction, _ count: Int, _ stop: Bell) async throws {
        let (ends, end) = AsyncStream<RuntimeAPIError?>.makeStream()
        var failure: RuntimeAPIError?
        var started = 0
        for _ in 0..<count {
            do throws(SystemError) {
                let worker = RuntimeAPIWorker(served, answered: try Bell())
                try SystemThread(named: "runtime-api") {
                    let client = client(served.workshop.invoker.platform, stop)
                    do throws(RuntimeAPIError) {
                        try worker.run(client)
                        end.yield(nil)
                    } catch { end.yield(error) }
                }.detach()
                started += 1
            } catch {
                failure = .noThread("\(error)")
                stop.ring()
                break
            }
        }
        guard started > 0 else { throw failure ?? .noThread("no thread was started") }
        for await error in ends {
            if let error {
                failure = failure ?? error
                stop.ring()
            }
            started -= 1
            if started == 0 { break }
        }
        if let failure { throw failure }
    }

    /// Rings when the process is asked to stop.
    private final class StopWatch: ReadinessHandler {
        static let token: UInt64 = 1
        private let signals: StopSignals
        private let loop: EventLoop
        private let stop: Bell

        init(_ signals: StopSignals, _ loop: EventLoop, _ stop: Bell) {
            (self.signals, self.loop, self.stop) = (signals, loop, stop)
        }

        func ready(token: UInt64, events: ReadyEvents) {
            loop.forget(signals.descriptor)
            stop.ring()
        }

        func turnEnded() {}
    }
}

/// One loop of a session, on a thread of its own: an event at a time, which runs on the event loop.
struct RuntimeAPIWorker: Sendable {
    private let served: ServedFunction
    private let answered: Bell

    init(_ served: ServedFunction, answered: Bell) {
        self.served = served
        self.answered = answered
    }

    /// Until a stop, or the API is lost.
    func run(_ client: RuntimeAPIClient) throws(RuntimeAPIError) {
        let now = served.workshop.invoker.platform.now
        while let invocation = try client.next() {
            let arrival = now()
            switch read(invocation, at: arrival) {
            case .failure(let fault): try client.fail(fault.description, type: "Event.Unreadable", invocation)
            case .success(let event):
                let outcome = outcome(of: event, invocation.bounded(served.entry, at: arrival))
                try client.respond(RuntimeAnswer.response(outcome, to: event), to: invocation)
            }
        }
    }

    private func read(_ invocation: RuntimeInvocation, at now: Timestamp) -> Result<Event, RuntimeEventFault>
    {
        let events: [ForeignEvent]
        do throws(EventFileError) {
            events = try EventFile.events(in: invocation.payload, receivedAt: now, now: now)
        } catch { return .failure(RuntimeEventFault(description: error.description)) }
        guard events.count == 1, var event = events.first?.event(in: served.manifest) else {
            return .failure(RuntimeEventFault(description: "The text has \(events.count) events, not one."))
        }
        if event.trace == nil { event.trace = invocation.trace }
        return .success(event)
    }

    /// Runs it on the loop, and waits here.
    private func outcome(of event: Event, _ entry: FunctionEntry) -> Outcome {
        let result = Slot()
        let engine = served.workshop.invoker
        Task(executorPreference: served.workshop.loop) {
            let outcome = await engine.invoke(entry, event)
            result.outcome.withLock { $0 = outcome }
            answered.ring()
        }
        while true {
            answered.wait()
            if let outcome = result.outcome.withLock({ $0 }) { return outcome }
        }
    }

    private final class Slot: Sendable {
        let outcome = Mutex<Outcome?>(nil)
    }

    private struct RuntimeEventFault: Error { let description: String }
}
