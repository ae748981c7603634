internal import Base
internal import Net
internal import Runtime
internal import Synchronization

/// Sends a recording's traffic to a running host and compares the answers.
///
/// Every caller is a client of its own, with one kept-alive HTTP connection and a Socket.IO connection for each that
/// was recorded; so is every address without a caller. A client sends its events in the order in which they arrived
/// then, each after the answer to the one before. Jobs and direct events are not sent: the host makes its own jobs.
struct Against: Sendable {
    /// How fast events are sent.
    enum Speed: Sendable, Equatable {
        /// Each at its recorded time; `factor` 2 is twice as fast. From 0.001 to 1000.
        case recorded(factor: Double)
        /// Each as soon as the one before was answered, all clients at once.
        case max
    }

    /// Where to, how, and what.
    struct Settings: Sendable {
        /// The host: `http://HOST[:PORT]`.
        var url: String
        /// How fast.
        var speed = Speed.recorded(factor: 1)
        /// Which invocations are sent; all of them unless told otherwise.
        var isWanted: @Sendable (RecordedInvocation) -> Bool = { _ in true }
        /// The host may be another machine than this one.
        var allowRemote = false
        /// Times and random numbers.
        var platform: Platform
        /// Makes a token that the host accepts; nil where that is impossible. Called at least once for each of
        /// `callers(of:)`, on any thread, perhaps from several at once; it may block.
        var sign: @Sendable (Claims) -> String?
        /// Fields that are not compared.
        var mask = DifferenceMask()
        /// How much of everything.
        var limits = AgainstLimits.standard
    }

    private let settings: Settings

    /// Checks the settings' URL and speed. Throws an `AgainstError`.
    init(_ settings: Settings) throws(AgainstError) {
        _ = try TargetHost(url: settings.url)
        if case .recorded(let factor) = settings.speed {
            guard factor >= 0.001, factor <= 1_000 else { throw .badSpeed }
        }
        self.settings = settings
    }

    /// For whom `sign` will be asked: callers whom no answer in the recording gives a token.
    func callers(of recording: Recording) -> [Claims] { plan(recording.invocations).callers }

    /// Sends it all, and waits for the last answer. An event that cannot be sent or is not answered is a failure in
    /// the result; throws an `AgainstError` where nothing can be sent at all.
    ///
    /// - Parameter progress: called now and then, from another thread, with how many events are done and how many there
    ///   are.
    func run(
        _ recording: Recording, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> AgainstResult {
        let manifest = try? Manifest(contentsOf: recording.manifestPath, environment: recording.environment)
        let path = manifest?.sockets.path ?? SocketSettings().path
        return try await run(
            recording.invocations, socketPath: path, redacted: recording.redacted, progress: progress)
    }

    /// The same with the parts of a recording.
    func run(
        _ invocations: [RecordedInvocation], socketPath: String, redacted: [String],
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> AgainstResult {
        // All of it blocks.
        var thread: SystemThread?
        let result: Result<AgainstResult, any Error> = await withCheckedContinuation { continuation in
            do throws(SystemError) {
                thread = try SystemThread(named: "against") {
                    continuation.resume(
                        returning: Result { try send(invocations, socketPath, redacted, progress) })
                }
            } catch { continuation.resume(returning: .failure(AgainstError.system("\(error)"))) }
        }
        // It has nothing more to do than to end.
        thread?.join()
        return try result.get()
    }

    private func plan(_ invocations: [RecordedInvocation]) -> TrafficPlan {
        TrafficPlan(invocations, where: settings.isWanted)
    }

    private func send(
        _ invocations: [RecordedInvocation], _ socketPath: String, _ redacted: [String],
        _ progress: @escaping @Sendable (Int, Int) -> Void
    ) throws(AgainstError) -> AgainstResult {
        let host = try TargetHost(url: settings.url)
        let addresses = try addresses(of: host)
        guard settings.allowRemote || addresses.allSatisfy(\.isLoopback) else {
            throw .notLoopback(host.name)
        }
        let plan = plan(invocations)
        guard plan.count > 0 else { throw .nothingToSend }
        let address = try reachable(addresses, host)
        raiseDescriptorLimit()

        let limits = settings.limits
        let start = settings.platform.uptime()
        let pace: TrafficClient.Pace
        switch settings.speed {
        case .max: pace = .max
        case .recorded(let factor):
            // Sockets that are left open stay so to the end, unless other clients wait for their threads.
            // No key path: where it is not compiled away, the standard library's own code for one through an
            // optional copies between ranges that overlap, which AddressSanitizer ends the process for.
            let last = plan.clients.compactMap { $0.last?.offset }.max() ?? .zero
            let end = plan.clients.count <= limits.clients ? start + last / factor : nil
            pace = .recorded(start: start, factor: factor, end: end)
        }
        let setup = TrafficClient.Setup(
            address: address, authority: host.authority, socketPath: socketPath,
            peers: Self.peers(of: plan), limits: limits,
            identities: LiveIdentities(limit: limits.identities, sign: settings.sign),
            comparison: AnswerComparison(
                redacted: redacted, told: ToldTexts(invocations), mask: settings.mask,
                limit: limits.differences),
            uptime: settings.platform.uptime, pace: pace)
        let crowd = try TrafficCrowd(plan, setup, seed: settings.platform.seed)
        let entries = try crowd.run(atOnce: limits.clients, progress: progress)
        return AgainstResult(
            url: settings.url, entries: entries, unsent: plan.unsent, clients: plan.clients.count,
            delivered: crowd.delivered, duration: settings.platform.uptime() - start)
    }

    private func addresses(of host: TargetHost) throws(AgainstError) -> [SocketAddress] {
        let uptime = settings.platform.uptime
        do throws(ConnectionError) {
            return try HostResolver.addresses(
                of: host.name, port: host.port, until: uptime() + settings.limits.answerTime,
                Patience(uptime: uptime))
        } catch { throw .unreachable(host.authority, error.description) }
    }

    /// The first address where somebody answers.
    private func reachable(
        _ addresses: [SocketAddress], _ host: TargetHost
    ) throws(AgainstError) -> SocketAddress {
        var failure = TrafficFailure.cannotConnect("it has no address")
        for address in addresses {
            let (uptime, limit) = (settings.platform.uptime, settings.limits.connectTime)
            do throws(ConnectionError) {
                _ = try ClientConnection(to: address, until: uptime() + limit, Patience(uptime: uptime))
                return address
            } catch { failure = TrafficFailure(connecting: error, within: limit) }
        }
        throw .unreachable(host.authority, failure.description)
    }

    /// An address of the range for benchmarks (198.18.0.0/15, RFC 2544) for each recorded one. A host that trusts this
    /// machine as a proxy counts rates per address with them.
    private static func peers(of plan: TrafficPlan) -> [String: String] {
        var peers: [String: String] = [:]
        for step in plan.clients.joined() {
            guard let address = step.invocation.event.address.map(AddressBlock.of), peers[address] == nil
            else { continue }
            let number = peers.count % 0x1_fffe + 1
            peers[address] = "198.\(18 + number >> 16).\(number >> 8 & 0xff).\(number & 0xff)"
        }
        return peers
    }
}

/// The clients of a run: a thread each, at most so many at once.
private final class TrafficCrowd: Sendable {
    private struct State {
        var next = 0
        var running = 0
        var entries: [AgainstResult.Entry] = []
        var delivered = 0
    }

    private let plan: TrafficPlan
    private let setup: TrafficClient.Setup
    private let seed: @Sendable () -> UInt64
    private let state = Mutex(State())
    private let bell: Bell

    init(
        _ plan: TrafficPlan, _ setup: TrafficClient.Setup, seed: @escaping @Sendable () -> UInt64
    ) throws(AgainstError) {
        self.plan = plan
        self.setup = setup
        self.seed = seed
        do { bell = try Bell() } catch { throw .system("\(error)") }
    }

    var delivered: Int { state.withLock { $0.delivered } }

    /// Runs all clients to their end; their results in the recording's order.
    func run(
        atOnce limit: Int, progress: (Int, Int) -> Void
    ) throws(AgainstError) -> [AgainstResult.Entry] {
        var threads: [SystemThread] = []
        let total = plan.count
        for _ in 0..<min(max(1, limit), plan.clients.count) {
            state.withLock { $0.running += 1 }
            do throws(SystemError) {
                threads.append(try SystemThread(named: "against-client") { [self] in work() })
            } catch {
                state.withLock { $0.running -= 1 }
                // Fewer clients at once are enough.
                if threads.isEmpty { throw .system("\(error)") }
                break
            }
        }
        while true {
            let (done, running) = state.withLock { ($0.entries.count, $0.running) }
            progress(done, total)
            if running == 0 { break }
            _ = bell.wait(atMost: .milliseconds(100))
        }
        for thread in threads { thread.join() }
        return state.withLock { $0.entries }.sorted { $0.position < $1.position }
    }

    /// One client after the other, until none waits.
    private func work() {
        while let steps = takeNext() {
            let client = TrafficClient(setup, seed: seed())
            client.run(steps) { entry in state.withLock { $0.entries.append(entry) } }
            let delivered = client.delivered
            state.withLock { $0.delivered += delivered }
        }
        let isLast = state.withLock { state in
            state.running -= 1
            return state.running == 0
        }
        if isLast { bell.ring() }
    }

    private func takeNext() -> [TrafficPlan.Step]? {
        state.withLock { state in
            guard state.next < plan.clients.count else { return nil }
            defer { state.next += 1 }
            return plan.clients[state.next]
        }
    }
}
