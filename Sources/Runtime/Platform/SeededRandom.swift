public import Store
internal import Wire

/// Random numbers from a seed (SplitMix64): the same seed gives the same numbers, in a replay too.
///
/// For ids, choices and jitter; keys and signatures come from libcrypto.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// `0123456789abcdefghjkmnpqrstvwxyz`; not an array, which would be retained and released with each id.
    private static let alphabet: InlineArray<32, UInt8> = [
        0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
        0x67, 0x68, 0x6a, 0x6b, 0x6d, 0x6e, 0x70, 0x71, 0x72, 0x73, 0x74, 0x76, 0x77, 0x78, 0x79, 0x7a,
    ]

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
        let milliseconds = UInt64(bitPattern: time.milliseconds) & 0xffff_ffff_ffff
        let (high, low) = (next(), next())
        return String(capacity: prefix.utf8.count + 27) { text in
            text.append(utf8: prefix)
            text.append(UInt8(ascii: "_"))
            Self.append(milliseconds, digits: 10, to: &text)
            Self.append(high, digits: 8, to: &text)
            Self.append(low, digits: 8, to: &text)
        }
    }

    /// Appends the last digits of a number.
    private static func append(_ number: UInt64, digits: UInt64, to text: inout OutputSpan<UInt8>) {
        var shift = digits &* 5
        while shift > 0 {
            shift &-= 5
            text.append(alphabet[Int(truncatingIfNeeded: number &>> shift & 31)])
        }
    }
}
