internal import Base
internal import LocalHost
internal import Net
internal import Runtime

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
        let served: ServedFunction
        let count: Int
        do {
            count = try loops()
            served = try open(loop)
        } catch {
            let client = client(.system(timers: loop, executor: loop))
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
            let watch = SessionWatch(signals, loop)
            loop.setHandler(watch)
            defer { loop.setHandler(nil) }
            try loop.watch(signals.descriptor, for: .read, token: SessionWatch.signal)
            try await serve(served, count, on: loop, watch)
            log.write(.info, "Stopped", at: platform.now())
        }
        return ExitStatus.done
    }

    private func loops() throws(RuntimeAPIError) -> Int {
        guard let text = environment["AWS_LAMBDA_MAX_CONCURRENCY"], !text.isEmpty else { return 1 }
        guard let count = Int(text), Self.concurrency.contains(count) else { throw .concurrency }
        return count
    }

    private func client(_ platform: Platform) -> RuntimeAPIClient {
        RuntimeAPIClient(of: host, uptime: platform.uptime)
    }

    /// Serves with so many slots until each has ended. The first that fails stops the others.
    private func serve(_ served: ServedFunction, _ count: Int, on loop: EventLoop, _ watch: SessionWatch)
        async throws
    {
        let client = client(served.workshop.invoker.platform)
        let ends = AsyncStream<RuntimeAPIError?>.makeStream()
        let begin = loop.callback { (_: Bool) in
            for index in 0..<count {
                let token = SessionWatch.firstSlot + UInt64(index)
                watch.slots[token] = RuntimeAPISlot(served, client, loop, token: token) { error in
                    watch.slots[token] = nil
                    ends.continuation.yield(error)
                }
            }
            for slot in watch.slots.values { slot.start() }
            watch.looks()
        }
        begin(true)
        var failure: RuntimeAPIError?
        var left = count
        for await error in ends.stream {
            left -= 1
            if let error, failure == nil {
                failure = error
                watch.stop()
            }
            if left == 0 { break }
        }
        watch.isOver = true
        if let failure { throw failure }
    }
}

/// The descriptors of a session: what asks the process to stop, and the slots.
final class SessionWatch: ReadinessHandler, @unchecked Sendable {
    static let signal: UInt64 = 1
    static let firstSlot: UInt64 = 16
    private let signals: StopSignals
    private let loop: EventLoop
    /// On the loop's thread.
    var slots: [UInt64: RuntimeAPISlot] = [:]
    var isOver = false

    private static let look = Duration.seconds(5)

    init(_ signals: StopSignals, _ loop: EventLoop) {
        self.signals = signals
        self.loop = loop
    }

    func ready(token: UInt64, events: ReadyEvents) {
        guard token == Self.signal else { return slots[token]?.ready() ?? () }
        loop.forget(signals.descriptor)
        stop()
    }

    func turnEnded() {}

    /// No further event is asked for.
    func stop() { for slot in Array(slots.values) { slot.stop() } }

    /// From now on slots are looked at.
    func looks() {
        _ = loop.callLater(after: Self.look) { [weak self] in
            guard let self, !isOver else { return }
            for slot in Array(slots.values) { slot.look() }
            looks()
        }
    }
}
