/// The ways in which the same bytes may arrive.
enum Pieces {
    /// Whole first; then octet by octet (of short inputs), in halves, and cut at places that the bytes themselves decide,
    /// so that an input found bad is bad again.
    static func ways(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        var ways: [[ArraySlice<UInt8>]] = [
            [bytes[...]], [bytes[..<(bytes.count / 2)], bytes[(bytes.count / 2)...]],
        ]
        if bytes.count <= 1_024 { ways.append(bytes.indices.map { bytes[$0...$0] }) }
        var state = bytes.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { hash, byte in
            hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3
        }
        var cut: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let end = min(bytes.count, start + 1 + Int(state >> 60) * max(1, bytes.count / 64))
            cut.append(bytes[start..<end])
            start = end
        }
        ways.append(cut)
        return ways
    }

    /// Between two octets 0xFE, which no UTF-8 has, stands what is repeated up to `length` octets: so a short input
    /// shows what takes more than linear time.
    static func stretched(_ bytes: [UInt8], to length: Int = 64 << 10) -> [UInt8] {
        guard let first = bytes.firstIndex(of: 0xFE), let last = bytes.lastIndex(of: 0xFE), first + 1 < last
        else {
            return bytes
        }
        let part = bytes[(first + 1)..<last]
        var stretched = Array(bytes[..<first])
        while stretched.count < length { stretched += part }
        return stretched + bytes[(last + 1)...]
    }
}
