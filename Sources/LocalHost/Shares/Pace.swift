/// How much is done for one connection as the time passes, in what `TurnCredit` counts: a leaky bucket, which takes what
/// is too much for it and says how long it then leaks.
struct Pace: Sendable {
    /// How much at once, and how much a second.
    struct Limit: Sendable {
        var burst: Int
        var perSecond: Int
    }

    private var level = 0.0
    private var at: Duration = .zero

    /// Something was done that costs so much. How long nothing more may be done, where the bucket is over its burst:
    /// until it is empty, so that who is too fast rests rarely and not after each step.
    mutating func spend(_ cost: Int, at now: Duration, _ limit: Limit) -> Duration? {
        let perSecond = Double(max(1, limit.perSecond))
        level = max(0, level - max(0, (now - at).inSeconds) * perSecond) + Double(max(0, cost))
        at = now
        guard level >= Double(limit.burst) else { return nil }
        // What one thing costs is limited; so is what its connection rests for it.
        return min(.seconds(level / perSecond), HostLimits.longestRest)
    }
}
