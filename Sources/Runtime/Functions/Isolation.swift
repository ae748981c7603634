/// Where a function runs: the key `isolation` of a function.
public enum Isolation: String, Sendable, Equatable, CaseIterable {
    /// In the host's own process.
    case inline
    /// In processes of its own, its instances, which are ended where they break a limit.
    case process
}

/// How many processes a function has, and for how long: the keys `instances`, `warm` and so on.
public struct InstanceSettings: Sendable, Equatable {
    /// As many at most.
    public var count = 4
    /// So many are started before they are needed, and kept.
    public var warm = 0
    /// How many invocations one has in hand at once.
    public var concurrency = 1
    /// How long one is kept that has nothing to do.
    public var idleTime: Duration = .seconds(300)
    /// After so many invocations one is replaced; nil: never for that.
    public var invocations: Int?
    /// After so long one is replaced; nil: never for that.
    public var age: Duration?

    /// Those that count where a manifest says nothing.
    public init() {}
}
