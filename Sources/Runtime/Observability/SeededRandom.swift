public import Base

/// Random numbers from a seed (SplitMix64): the same seed gives the same numbers, in a replay too.
///
/// For choices, jitter and ids that are shown. From two numbers in a row all others can be computed: what nobody may
/// guess, such as the id of a session, is a `SecretNumber`.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator that starts at `seed`.
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// An id that sorts by time: the prefix, then 26 characters of a ULID (48 bits of time, 80 random ones) in
    /// Crockford's base 32, lower case. It may be shown, and opens no door: whoever has seen one can compute the next.
    public mutating func identifier(_ prefix: String, at time: Timestamp) -> String {
        IdentifierText.make(prefix, at: time, next(), next(), digits: 8)
    }
}
