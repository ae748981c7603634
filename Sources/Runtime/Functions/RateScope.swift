/// What the rates of a function are counted by: the key `per` of a function.
public enum RateScope: String, Sendable, Equatable, CaseIterable {
    /// Each caller has a count of their own, whom the token names; the function must ask for one. The manifest's word is
    /// another (``CallerWord``).
    case caller = "player"
    /// Each client address has a count of its own; of IPv6, each block of addresses (``AddressBlock``).
    case address
    /// All callers share one count.
    case function
}
