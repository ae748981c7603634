public import Store

/// Random numbers from a seed (SplitMix64): the same seed gives the same numbers, in a replay too.
///
/// For ids, choices and jitter; keys and signatures come from libcrypto.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

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
    /// Crockford's base 32, lower case.
    public mutating func identifier(_ prefix: String, at time: Timestamp) -> String {
        let digits = Self.digits
        let milliseconds = UInt64(bitPattern: time.milliseconds) & 0xffff_ffff_ffff
        let (high, low) = (next(), next())
        var text: [UInt8] = []
        text.reserveCapacity(prefix.utf8.count + 27)
        text += prefix.utf8
        text.append(UInt8(ascii: "_"))
        for shift in stride(from: UInt64(45), through: 0, by: -5) {
            text.append(digits[Int(milliseconds >> shift & 31)])
        }
        for shift in stride(from: UInt64(35), through: 0, by: -5) {
            text.append(digits[Int(high >> shift & 31)])
        }
        for shift in stride(from: UInt64(35), through: 0, by: -5) {
            text.append(digits[Int(low >> shift & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
