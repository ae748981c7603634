internal import Base
internal import Functions
internal import Glibc

/// The files of one process, appended to; a file that is long enough is followed by another. Each takes the first name
/// that no process has taken, so that all names together have no gap.
///
/// Only whole portions stay: what the disk took of one that failed is cut off again.
final class RecordingFile {
    enum Result {
        case written
        case failed(String)
        /// The limit of all files together is reached, and said so.
        case full
    }

    /// So many that write as fast as they can together stay within the limit of all files.
    private static let processes = 64

    private let folder: String
    private let limits: Recorder.Limits
    private var descriptor: Int32
    private var part = 0
    private var length = 0
    /// What this process may write before it looks again how long the files of all are together.
    private var allowance = 0
    private var isFull = false
    /// Lines that the disk has not taken.
    private var lost: Int64 = 0
    private var failedAt: Duration = .zero
    private let uptime: @Sendable () -> Duration

    init(
        folder: String, limits: Recorder.Limits, uptime: @escaping @Sendable () -> Duration
    ) throws(RecordingError) {
        self.folder = folder
        self.uptime = uptime
        self.limits = limits
        descriptor = -1
        descriptor = open()
        guard descriptor >= 0 else { throw RecordingError(folder, Self.reason) }
    }

    deinit { close() }

    /// Appends whole lines. After a failure nothing is tried for a second, and then the lines that were lost are told of.
    /// The last lines are tried at once.
    func append(_ bytes: [UInt8], lines: Int64, areLast: Bool = false) -> Result {
        guard !isFull else { return .written }
        var bytes = bytes
        if lost > 0 {
            guard areLast || uptime() - failedAt > .seconds(1) else {
                lost += lines
                return .failed("")
            }
            var gap = RecordLine(redaction: Redaction(fields: [])) { $0 }
            gap.writeGap(lost, "the disk did not take them")
            bytes = gap.bytes + bytes
        }
        if length > 0, length + bytes.count > limits.partBytes, !nextPart() { return failed(lines) }
        if bytes.count > allowance {
            let left = limits.totalBytes - RecordingPlace.length(of: folder)
            guard bytes.count <= left else {
                isFull = true
                _ = write(Self.end("limit"))
                return .full
            }
            allowance = max(bytes.count, left / Self.processes)
        }
        guard write(bytes) else { return failed(lines) }
        lost = 0
        length += bytes.count
        allowance -= bytes.count
        return .written
    }

    func close() {
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
    }

    private func nextPart() -> Bool {
        guard write(Self.end("next")), case let next = open(), next >= 0 else { return false }
        close()
        descriptor = next
        length = 0
        return true
    }

    private func failed(_ lines: Int64) -> Result {
        let reason = lost == 0 ? Self.reason : ""
        ftruncate(descriptor, length)
        lseek(descriptor, length, Int32(SEEK_SET))
        lost += lines
        failedAt = uptime()
        return .failed(reason)
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start)
            }
            if written > 0 {
                start += written
            } else if written == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }

    /// The next file that nobody has.
    private func open() -> Int32 {
        while true {
            let next = unsafe Glibc.open(
                folder + "/" + RecordingFormat.events(part + 1), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                0o600)
            guard next >= 0 || errno == EEXIST else { return next }
            part += 1
            if next >= 0 { return next }
        }
    }

    private static func end(_ reason: String) -> [UInt8] {
        var line = RecordLine(redaction: Redaction(fields: [])) { $0 }
        line.writeEnd(reason)
        return line.bytes
    }

    private static var reason: String { SystemError.words() }
}
