internal import Glibc
internal import Net

/// What is to be sent over a transport: HTTP's bytes, or the answer that opened a WebSocket and that one's frames.
struct Output {
    var bytes: [UInt8] = []
    /// How many of those have been sent.
    private var sent = 0
    /// Behind `bytes`.
    var frames = SendQueue()

    /// Bytes that are not sent yet.
    var byteCount: Int { bytes.count - sent + frames.byteCount }

    /// What these cost in memory.
    var cost: Int { bytes.count - sent + frames.cost }

    /// Gives the kernel what waits, as far as it takes it. False where the connection is broken.
    mutating func write(to descriptor: Int32, gatheringIn scratch: inout [UInt8]) -> Bool {
        while sent < bytes.count {
            let count = Self.write(bytes.span.extracting(sent...), to: descriptor)
            guard count >= 0 else { return false }
            guard count > 0 else { return true }
            sent += count
        }
        var isBroken = false
        while !frames.isEmpty {
            let isWhole = frames.send(gatheringIn: &scratch) { bytes in
                let count = Self.write(bytes, to: descriptor)
                isBroken = count < 0
                return count
            }
            guard isWhole else { break }
        }
        return !isBroken
    }

    /// How many bytes the kernel took: 0 where it takes none now, -1 where the connection is broken.
    private static func write(_ bytes: borrowing Span<UInt8>, to descriptor: Int32) -> Int {
        while true {
            let sent = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 { return sent }
            if errno == EAGAIN { return 0 }
            if errno != EINTR { return -1 }
        }
    }

    /// Everything has been sent.
    mutating func clear(keepingCapacity keeps: Bool) {
        bytes.removeAll(keepingCapacity: keeps && bytes.capacity <= 16_384)
        sent = 0
    }

    /// A peer that is always a little behind must not make us keep what it has got.
    mutating func forgetSent() {
        guard sent >= 65_536, sent >= bytes.count / 2 else { return }
        bytes.removeSubrange(..<sent)
        sent = 0
    }
}
