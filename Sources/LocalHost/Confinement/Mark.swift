internal import Glibc

/// The mark of a process and all that it starts: the hard limit RLIMIT_RTTIME, which binds real-time threads alone, and
/// there are none. Children have it from their parents; nobody but root can raise it, no change of environment, session
/// or parent takes it away, and everybody may read it in `/proc/PID/limits`. So an orphan is known by it.
struct Mark: Hashable {
    let value: UInt64

    /// The upper bits of all: 34 centuries of microseconds.
    private static let sign: UInt64 = 0x17 << 56
    private static let signBits: UInt64 = 0xff << 56

    /// The `number`th process that the host started.
    init(host: Int32, number: UInt64) {
        // Process ids have 22 bits at most (/proc/sys/kernel/pid_max).
        value = Self.sign | UInt64(UInt32(bitPattern: host) & 0x3f_ffff) << 34 | number & 0x3_ffff_ffff
    }

    /// The host that gave it.
    var host: Int32 { Int32((value >> 34) & 0x3f_ffff) }

    /// The mark of a process; nil where it has none, or is gone.
    init?(of pid: Int32) {
        guard let limits = ProcFile.bytes("/proc/\(pid)/limits") else { return nil }
        self.init(limits: limits)
    }

    /// Of `/proc/PID/limits`: `Max realtime timeout     SOFT     HARD     us`.
    init?(limits: [UInt8]) {
        let name = "Max realtime timeout".utf8
        for line in limits.split(separator: 10) where line.starts(with: name) {
            let words = line.dropFirst(name.count).split(separator: UInt8(ascii: " "))
            guard words.count > 1, let value = UInt64(String(decoding: words[1], as: UTF8.self)),
                value & Self.signBits == Self.sign
            else { return nil }
            self.value = value
            return
        }
        return nil
    }
}
