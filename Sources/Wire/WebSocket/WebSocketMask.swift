/// The masking of RFC 6455 5.3.
enum WebSocketMask {
    /// The key for what follows the first `count` octets of a payload.
    static func rotated(_ key: UInt32, by count: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: count & 3) * 8
        return key << bits | key >> (32 - bits)
    }

    /// Applies a key (its first octet the most significant) to the octets from `start` on; twice undoes it.
    ///
    /// Eight octets at a time, since every octet that a client sends comes through here. The unsafe loads and
    /// stores are unaligned ones, and their offsets are below `count - 7`.
    static func apply(_ key: UInt32, to bytes: inout [UInt8], from start: Int) {
        precondition(start >= 0 && start <= bytes.count, "masking starts within the bytes")
        let octets = key.bigEndian
        // Both halves are the key in wire order, so the machine's byte order does not matter.
        let wide = UInt64(octets) | UInt64(octets) << 32
        unsafe bytes.withUnsafeMutableBytes { buffer in
            var index = start
            while buffer.count - index >= 8 {
                let masked = unsafe buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                unsafe buffer.storeBytes(
                    of: masked ^ wide, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            var shift: UInt32 = 24
            while index < buffer.count {
                unsafe buffer[index] ^= UInt8(truncatingIfNeeded: key >> shift)
                shift = shift == 0 ? 24 : shift - 8
                index += 1
            }
        }
    }
}
