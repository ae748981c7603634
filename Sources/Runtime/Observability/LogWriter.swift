public import Base
internal import Glibc
internal import Synchronization

/// Writes log lines to a file descriptor from a thread of its own, so that a slow reader of the log (a stuck pipe, a
/// full disk) never holds up an invocation.
///
/// At most `limit` bytes wait; beyond that lines are dropped, and a line says how many once there is room again. The
/// thread runs until `close`. The process must ignore SIGPIPE.
public final class LogWriter: LogSink {
    private enum Line {
        case text(String)
        case line(LogLine)
    }

    private struct State {
        var lines: [Line] = []
        /// What the lines come to, in bytes.
        var size = 0
        var dropped = 0
        var isWaiting = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let limit: Int
    /// How much may be written at once without waiting for a reader.
    private let portion: Int
    private let bell: Bell
    private let thread = Mutex<SystemThread?>(nil)

    /// Writes to `descriptor`, which stays the caller's to close. Throws where no thread can be had.
    public init(descriptor: Int32, limit: Int = 4 << 20) throws(SystemError) {
        self.descriptor = descriptor
        self.limit = limit
        var status = stat()
        let isFile = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        // A pipe that poll(2) calls writable takes PIPE_BUF bytes at once (pipe(7)).
        portion = isFile ? .max : Int(PIPE_BUF)
        bell = try Bell()
        let started = try SystemThread(named: "log-writer") { [self] in run() }
        thread.withLock { $0 = started }
    }

    public func write(_ line: LogLine) { add(.line(line), size: line.estimatedBytes) }

    /// Writes a text as it is; it ends with its own line break.
    public func write(_ text: String) { add(.text(text), size: text.utf8.count) }

    private func add(_ line: Line, size: Int) {
        let ring = state.withLock { state in
            guard !state.isClosed else { return false }
            guard state.size + size <= limit else {
                state.dropped += 1
                return false
            }
            state.lines.append(line)
            state.size += size
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if ring { bell.ring() }
    }

    /// Writes what waits and ends the thread. A reader that takes nothing for a second loses the rest.
    public func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run() {
        while true {
            let (lines, size, dropped, isClosed) = state.withLock { state in
                defer {
                    state.isWaiting = state.lines.isEmpty
                    state.lines = []
                    state.size = 0
                    state.dropped = 0
                }
                return (state.lines, state.size, state.dropped, state.isClosed)
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(size)
            for line in lines {
                switch line {
                case .text(let text): bytes.append(utf8: text)
                case .line(let line): line.append(to: &bytes)
                }
            }
            put(bytes)
            if dropped > 0 {
                put(
                    Array(
                        "{\"level\":\"warning\",\"message\":\"Log lines dropped\",\"count\":\(dropped)}\n"
                            .utf8))
            }
            if lines.isEmpty {
                if isClosed { return }
                bell.wait()
                // Lines come in bursts: a moment's patience makes one write of many.
                if state.withLock({ !$0.isClosed }) { usleep(1_000) }
            }
        }
    }

    private func put(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            // Without this a reader that is stuck would hold up `close` as well.
            guard portion == .max || waitForReader() else { return }
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start },
                    min(buffer.count - start, portion))
            }
            if written > 0 {
                start += written
            } else if written == 0 || (errno != EAGAIN && errno != EINTR) {
                return
            }
        }
    }

    /// Waits until the descriptor takes something; false where it does not and the writer is closed.
    private func waitForReader() -> Bool {
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if unsafe poll(&waiting, 1, 1_000) > 0 { return true }
            if state.withLock({ $0.isClosed }) { return false }
        }
    }
}
