/// A rate that a caller must keep: at most `limit` hits in any `window`.
public struct RateRule: Sendable, Equatable, Codable {
    /// Names the counter: whoever shares the key shares the count.
    public let key: String
    /// Hits allowed in a window, at least 1.
    public let limit: Int
    /// The window's length, at least a millisecond.
    public let window: Duration

    /// A rule of `limit` hits a `window`, counted under `key`.
    public init(key: String, limit: Int, window: Duration) {
        self.key = key
        self.limit = limit
        self.window = window
    }
}

/// Where a counter stands after (or, for a refusal, instead of) a hit.
public struct RateStatus: Sendable, Equatable, Codable {
    /// Hits allowed in a window.
    public let limit: Int
    /// The window's length.
    public let window: Duration
    /// Hits that would still be allowed now.
    public let remaining: Int
    /// The time until the oldest hit leaves the window, and so one more becomes possible.
    public let resetAfter: Duration

    /// From its parts.
    public init(limit: Int, window: Duration, remaining: Int, resetAfter: Duration) {
        self.limit = limit
        self.window = window
        self.remaining = remaining
        self.resetAfter = resetAfter
    }
}
