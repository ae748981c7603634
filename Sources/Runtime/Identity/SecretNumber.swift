package import Base
package import Functions
internal import Observability

/// 128 random bits of libcrypto's that open a door: in a session's id, or what such ids are derived from.
///
/// Nothing that is shown may be made of it, nor it of anything that is: a `SeededRandom` can be computed from two of its
/// numbers, one after the other.
public struct SecretNumber: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    /// A number of its halves.
    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// Of exactly 32 hexadecimal digits.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 32, digits.allSatisfy({ ($0 as UInt8).isHexadecimal }),
            let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 hexadecimal digits.
    package var hexadecimal: String { (SecretSequence.bytes(high) + SecretSequence.bytes(low)).hexadecimal }

    /// An id that sorts by time and that nobody can guess: the prefix, ten characters of time, and these 128 bits as 26
    /// characters of Crockford's base 32, lower case.
    func identifier(_ prefix: String, at time: Timestamp) -> String {
        IdentifierText.make(prefix, at: time, high, low, digits: 13)
    }
}

/// As many secret numbers as one invocation asks for, all of one: HMAC-SHA-256 over a counter (NIST SP 800-108, counter
/// mode), so that a recording keeps 128 bits and a replay has them all again.
package struct SecretSequence {
    /// What they are derived from.
    package let seed: SecretNumber
    private var count: UInt64 = 0

    package init(_ seed: SecretNumber) { self.seed = seed }

    /// The next one; nil when libcrypto fails.
    mutating func next() -> SecretNumber? {
        count += 1
        let message = Array("gestaloka ids".utf8) + Self.bytes(count)
        guard let digest = Cryptography.hmacSHA256(key: Self.bytes(seed.high) + Self.bytes(seed.low), message)
        else { return nil }
        return SecretNumber(high: Self.number(digest[..<8]), low: Self.number(digest[8..<16]))
    }

    fileprivate static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    /// The next id.
    package mutating func identifier(_ prefix: String, at time: Timestamp) throws(Problem) -> String {
        guard let number = next() else { throw Problem(.failed, "No id could be made.") }
        return number.identifier(prefix, at: time)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
