internal import Base
internal import Ledger
internal import Net
internal import Runtime

/// What the parts of a host share: what they serve, how far it may go, the time of this turn, and whether it stops.
///
/// Belongs to the loop's thread, as do all parts of a host: plain classes that call each other, which only `EventLoop`
/// carries from one of its rounds to the next.
final class HostCore {
    let engine: Engine
    let loop: EventLoop
    let log: Log
    let limits: HostLimits
    let settings: SocketSettings
    /// Names this host in the store: connections and leases are its own.
    let id: String
    /// Requests, sockets' events and jobs under way.
    let tasks: TasksUnderWay
    var lifecycle = Lifecycle.serving
    /// The uptime at the beginning of this turn.
    private(set) var now: Duration
    /// Request ids and jitter: what may be shown. What opens a door is the platform's `secretIdentifier`.
    private var random: SeededRandom
    private var date: (second: Int64, text: String) = (.min, "")
    /// The store keeps no promises at present, most likely for ever, and that has been told.
    private(set) var storeHasFailed = false

    init(engine: Engine, loop: EventLoop, log: Log, limits: HostLimits) {
        self.engine = engine
        self.loop = loop
        self.log = log
        self.limits = limits
        settings = engine.manifest.sockets
        random = SeededRandom(seed: engine.platform.seed())
        id = engine.platform.secretIdentifier("host")
        tasks = TasksUnderWay(loop)
        now = engine.platform.uptime()
    }

    // MARK: Time

    /// A turn of the loop begins, or a timer has fired.
    func turnBegins() { now = engine.platform.uptime() }

    /// The time of the day, in milliseconds.
    var wallClock: Timestamp { engine.platform.now() }

    /// The second as a field of HTTP has it.
    func dateText() -> String {
        let time = wallClock
        let second = time.milliseconds / 1_000
        if second != date.second { date = (second, time.httpDate) }
        return date.text
    }

    /// Does something again and again, until the host stops.
    func every(_ period: Duration, _ action: @escaping () -> Void) {
        guard !lifecycle.isStopping else { return }
        _ = loop.callLater(after: period) { [weak self] in
            guard let self, !self.lifecycle.isStopping else { return }
            action()
            self.every(period, action)
        }
    }

    // MARK: Ids

    /// A new request's id.
    func requestID() -> String { random.identifier("req", at: wallClock) }

    /// A number below `bound`, so that those that failed together do not return together.
    func jitter(below bound: Int64) -> Int64 { Int64(random.next() % UInt64(max(1, bound))) }

    /// A problem of the host's own, as JSON.
    func told(_ problem: Problem) -> String {
        var problem = problem
        problem.instance = requestID()
        return problem.json
    }

    // MARK: The store

    /// Sees whether the store still keeps its promises; told once when it does not.
    func checkStore() async {
        do throws(StoreError) {
            try await engine.state.check()
            storeHasFailed = false
        } catch {
            if error == .busy || error == .closed { return }
            complain("The store cannot be used: nothing is accepted", error)
            storeHasFailed = true
        }
    }

    /// Logs an error of upkeep; not of a store that is known to have failed, which fails at everything.
    func complain(_ message: String, _ error: any Error) {
        if storeHasFailed { return }
        log.write(.error, message, [("error", .string("\(error)"))], at: wallClock)
    }
}
