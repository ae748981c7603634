internal import Ledger
internal import Runtime

/// A kind of trigger, as a host serves it: takes what the manifest binds to it, and starts functions when it is time.
///
/// A kind is one folder here and one line in `Host.init`. All calls come on the loop's thread.
protocol TriggerKind: AnyObject {
    /// The host begins to serve; called once.
    func start()
    /// This has been committed, by whomever: in the order of the commits.
    func follow(_ committed: Committed)
    /// The host stops: nothing new is begun from here on, and what waits is told. Tasks under way are waited for.
    func stop()
    /// What it shows of itself at `/metrics`.
    func gauges() async -> [Metrics.Gauge]
}

extension TriggerKind {
    func follow(_ committed: Committed) {}
    func stop() {}
    func gauges() async -> [Metrics.Gauge] { [] }
}
