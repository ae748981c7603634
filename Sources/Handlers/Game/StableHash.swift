/// The 64-bit FNV-1a hash: unlike `Hasher`, the same on every run and machine. Not for anything secret.
struct StableHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            combine(byte: UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    /// The length goes in as well, so that two texts and their concatenation differ.
    mutating func combine(_ text: String) {
        combine(UInt64(text.utf8.count))
        for byte in text.utf8 { combine(byte: byte) }
    }

    /// In one step, for texts that are hashed scalar by scalar.
    mutating func combine(_ scalar: Unicode.Scalar) {
        value = (value ^ UInt64(scalar.value)) &* 0x0000_0100_0000_01B3
    }

    private mutating func combine(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
