/// Where a function runs: the key `isolation` of a function.
public enum Isolation: String, Sendable, Equatable, CaseIterable {
    /// In the host's own process.
    case inline
}
