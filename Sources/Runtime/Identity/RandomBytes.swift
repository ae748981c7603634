internal import Synchronization

/// Numbers of one of libcrypto's generators, fetched a few KiB at a time: a call for each request would cost more than
/// the rest of its id. What has been given out is not kept.
final class RandomBytes: Sendable {
    private struct Buffer {
        var bytes: [UInt8] = []
        /// Where the bytes begin that nobody has got yet.
        var next = 0
    }

    private static let size = 4_096
    private let buffer = Mutex(Buffer())
    private let source: @Sendable (Int) -> [UInt8]?

    /// `source` gives as many bytes as it is asked for, or nil.
    init(_ source: @escaping @Sendable (Int) -> [UInt8]?) { self.source = source }

    /// 64 bits.
    func next() -> UInt64 { buffer.withLock { take(&$0) } }

    /// 128 bits.
    func nextSecret() -> SecretNumber { buffer.withLock { SecretNumber(high: take(&$0), low: take(&$0)) } }

    private func take(_ buffer: inout Buffer) -> UInt64 {
        if buffer.next + 8 > buffer.bytes.count {
            // As Swift's own generator does without the kernel's: an id that can be guessed is worse than no process.
            guard let bytes = source(Self.size) else { preconditionFailure("libcrypto has no random bytes") }
            buffer.bytes = bytes
            buffer.next = 0
        }
        var number: UInt64 = 0
        for index in buffer.next..<(buffer.next + 8) {
            number = number << 8 | UInt64(buffer.bytes[index])
            buffer.bytes[index] = 0
        }
        buffer.next += 8
        return number
    }
}
