internal import Base
internal import CLinux
internal import Glibc
internal import Synchronization

/// The processes that this host has started and has not yet seen to their end, and the orphans that they leave: the host
/// adopts these (PR_SET_CHILD_SUBREAPER), knows them by their mark, and waits for them. The host may have other children,
/// and its other children orphans: those it neither signals nor waits for.
enum Instances {
    private struct Table {
        var marks: [Int32: Mark] = [:]
        var count: UInt64 = 0
    }
    private static let table = Mutex(Table())
    private static let host = getpid()
    /// Where the host has promised it itself, all its children have.
    private static let marksByPrivileges = !ProcessRow.hasNoNewPrivileges(getpid())

    /// Starts a process by `body`, which gets its mark and gives its id; nil where it has not started. Nobody looks for
    /// orphans meanwhile, so it is not taken for one.
    static func start(_ body: (Mark) -> Int32?) {
        table.withLock { table in
            table.count &+= 1
            let mark = Mark(host: host, number: table.count)
            if let pid = body(mark) { table.marks[pid] = mark }
        }
    }

    /// What a process's end has told.
    struct End {
        var status: Int32 = 0
        /// Bytes, and nanoseconds.
        var peak = 0
        var cpu = 0
    }

    /// How a process that was started here has ended; nil while it runs. Once a process.
    static func end(of pid: Int32) -> End? {
        table.withLock { table in
            guard let end = reap(pid) else { return nil }
            table.marks[pid] = nil
            return end
        }
    }

    private static func reap(_ pid: Int32) -> End? {
        var status: Int32 = 0
        var kilobytes: Int64 = 0
        var nanoseconds: Int64 = 0
        let found = unsafe clinux_reap(pid, &status, &kilobytes, &nanoseconds)
        if found == 0 { return nil }
        // Whoever waits for all children of the host has taken it.
        if found < 0 { return End(status: SIGKILL) }
        return End(
            status: status, peak: min(max(Int(kilobytes), 0), ConfinementLimits.bytes >> 10) << 10,
            cpu: max(Int(nanoseconds), 0)
        )
    }

    /// The orphans of processes started here, by mark. Waits for those that have ended, and kills those whose process has.
    /// `everywhere`: also those that were given to another thread of the host than its first, which nearly always gets
    /// them.
    static func orphans(everywhere: Bool = false) -> [Mark: [Int32]] {
        table.withLock { table in
            let threads = everywhere ? ProcFile.numbers(in: "/proc/\(host)/task") : [host]
            var orphans: [Mark: [Int32]] = [:]
            var living = Set<Mark>()
            for thread in threads {
                for pid in ProcessRow.children(of: host, thread: thread) where table.marks[pid] == nil {
                    guard let (row, mark) = orphan(pid) else { continue }
                    if row.isEnded {
                        _ = reap(pid)
                        continue
                    }
                    if living.isEmpty { living = Set(table.marks.values) }
                    if let mark { orphans[mark, default: []].append(pid) }
                    if mark.map(living.contains) != true { row.signal(SIGKILL) }
                }
            }
            return orphans
        }
    }

    /// A child of the host that it has not started, if it is an orphan of what it has: with a mark of the host's, or, where
    /// somebody has changed that limit, with a promise that the host's other children have not made.
    private static func orphan(_ pid: Int32) -> (ProcessRow, Mark?)? {
        guard let row = ProcessRow(of: pid), row.parent == host else { return nil }
        if let mark = Mark(of: pid) { return mark.host == host & 0x3f_ffff ? (row, mark) : nil }
        return marksByPrivileges && ProcessRow.hasNoNewPrivileges(pid) ? (row, nil) : nil
    }
}
