/// A seeded generator, so that a failure can be had again.
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The bytes with a few of them changed, dropped, doubled or swapped for ones that grammars care about.
public func mutated(_ bytes: [UInt8], with generator: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    let telling: [UInt8] = Array("\r\n\0 \t:;,%/?#0fF-{}[]\"\\u".utf8) + [0x7F, 0x80, 0xC3, 0xFF]
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(bytes[index], at: index)
        case 3: bytes.insert(telling.randomElement(using: &generator) ?? 0, at: index)
        default: bytes[index] = telling.randomElement(using: &generator) ?? 0
        }
    }
    return bytes
}

/// The bytes cut into pieces at random.
public func pieces(of bytes: [UInt8], with generator: inout SplitMix64) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < bytes.count {
        let end = min(bytes.count, start + Int.random(in: 1...40, using: &generator))
        pieces.append(bytes[start..<end])
        start = end
    }
    return pieces
}

/// Every way to cut bytes in two, and all bytes one by one. Of more than a thousand bytes, only the ends are
/// cut everywhere: what stands between is there to be long.
public func everySplit(of bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
    let cuts =
        bytes.count <= 1000
        ? Array(0...bytes.count)
        : Array(0...40) + Array(stride(from: 41, to: bytes.count, by: bytes.count / 40))
            + Array((bytes.count - 40)...bytes.count)
    var splits = cuts.map { [bytes[..<$0], bytes[$0...]] }
    splits.append(bytes.indices.map { bytes[$0...$0] })
    return splits
}
