internal import Base
internal import CLinux
internal import Glibc

/// One process as the kernel's table has it (proc(5)).
struct ProcessRow: Equatable {
    var pid: Int32
    var parent: Int32 = 0
    /// `Z` and `X` are ended.
    var state: UInt8 = 0
    /// When it started, in ticks since the machine did: with the id, which process this is.
    var started: UInt64 = 0
    /// CPU time of the children for which it has waited, in ticks.
    var waitedTicks: UInt64 = 0
    var threads = 0
    /// Bytes.
    var resident = 0

    /// Whether it has ended: all of it. (A process whose first thread has ended is `Z` while its others go on.)
    var isEnded: Bool { state == UInt8(ascii: "X") || (state == UInt8(ascii: "Z") && threads <= 1) }

    /// Reads a process's row; nil where it is gone.
    init?(of pid: Int32) {
        guard let bytes = ProcFile.bytes("/proc/\(pid)/stat") else { return nil }
        self.init(pid: pid, stat: bytes)
        // A first thread that has ended has no memory; the others know.
        guard state == UInt8(ascii: "Z"), threads > 1,
            let other = ProcFile.numbers(in: "/proc/\(pid)/task").first(where: { $0 != pid }),
            let stat = ProcFile.bytes("/proc/\(pid)/task/\(other)/stat"),
            let row = ProcessRow(pid: other, stat: stat)
        else { return }
        resident = row.resident
    }

    /// Of `/proc/PID/stat`; nil where that is not what proc(5) says.
    init?(pid: Int32, stat: [UInt8]) {
        // The name before may have any bytes, parentheses among them.
        guard let name = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(name + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == 10 })
        // The state is field 3 of proc(5), and first here.
        guard fields.count > 21, let state = fields[0].first else { return nil }
        self.pid = pid
        self.state = state
        parent = Int32(clamping: Self.number(fields[1]))
        waitedTicks = UInt64(clamping: Self.number(fields[13])) &+ UInt64(clamping: Self.number(fields[14]))
        threads = Self.number(fields[17])
        started = UInt64(clamping: Self.number(fields[19]))
        resident = Self.bytes(Self.number(fields[21]), of: Self.page)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        var number = 0
        var isNegative = false
        for (index, digit) in digits.enumerated() {
            if index == 0, digit == UInt8(ascii: "-") {
                isNegative = true
                continue
            }
            guard digit >= 48, digit <= 57 else { return 0 }
            let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
            let (sum, isMore) = tens.addingReportingOverflow(Int(digit - 48))
            if isOver || isMore { return isNegative ? .min : .max }
            number = sum
        }
        return isNegative ? -number : number
    }

    private static func bytes(_ count: Int, of unit: Int) -> Int {
        let (bytes, isTooMuch) = count.multipliedReportingOverflow(by: unit)
        return isTooMuch ? ConfinementLimits.bytes : min(max(bytes, 0), ConfinementLimits.bytes)
    }

    static let page = max(sysconf(Int32(_SC_PAGESIZE)), 1)
    /// Nanoseconds of a tick.
    static let tick = 1_000_000_000 / max(sysconf(Int32(_SC_CLK_TCK)), 1)

    /// Its children: those of each of its threads.
    var children: [Int32] {
        let tasks = threads > 1 ? ProcFile.numbers(in: "/proc/\(pid)/task") : [pid]
        return tasks.flatMap { Self.children(of: pid, thread: $0) }
    }

    /// The children that a thread has started; of a process's first thread, those that it was given as well.
    static func children(of pid: Int32, thread: Int32) -> [Int32] {
        guard let list = ProcFile.bytes("/proc/\(pid)/task/\(thread)/children") else { return [] }
        return list.split(separator: UInt8(ascii: " ")).prefix(ConfinementLimits.members).compactMap {
            Int32(exactly: number($0))
        }
    }

    /// The highest resident memory that the process had, in bytes (`VmHWM`); nil where it is gone or ended.
    static func highestMemory(of pid: Int32) -> Int? {
        field("VmHWM:", of: pid).map { bytes($0, of: 1_024) }
    }

    /// Whether it has promised to win no privileges (PR_SET_NO_NEW_PRIVS), as all that is started here.
    static func hasNoNewPrivileges(_ pid: Int32) -> Bool { field("NoNewPrivs:", of: pid) == 1 }

    /// The number behind a name in `/proc/PID/status`.
    private static func field(_ name: String, of pid: Int32) -> Int? {
        guard let status = ProcFile.bytes("/proc/\(pid)/status") else { return nil }
        for line in status.split(separator: 10) where line.starts(with: name.utf8) {
            let words = line.dropFirst(name.utf8.count).split { $0 == 9 || $0 == 32 }
            return words.first.map(number)
        }
        return nil
    }

    /// Bytes of memory that are a process's share of what it has together with others (`Pss`); nil where it is gone.
    static func share(of pid: Int32) -> Int? {
        guard let text = ProcFile.bytes("/proc/\(pid)/smaps_rollup") else { return nil }
        for line in text.split(separator: 10) where line.starts(with: "Pss:".utf8) {
            let words = line.dropFirst(4).split { $0 == 9 || $0 == 32 }
            return words.first.map { bytes(number($0), of: 1_024) }
        }
        return nil
    }

    /// CPU time of all its threads since its start, in nanoseconds; 0 where it is gone.
    static func cpu(of pid: Int32) -> Int { max(Int(clinux_cpu_nanoseconds(pid)), 0) }

    /// Sends a signal to this process, if it is still there: never to another one that has its number by now.
    func signal(_ signal: Int32) {
        let process = clinux_open_process(pid)
        guard process >= 0 else { return }
        defer { close(process) }
        guard let now = ProcessRow(of: pid), now.started == started else { return }
        _ = clinux_signal_process(process, signal)
    }
}
