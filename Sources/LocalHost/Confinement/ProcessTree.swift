internal import Glibc

/// A process and what it has started, as far as the kernel tells from one moment to the next.
enum ProcessTree {
    /// The rows of some processes and of all below them; of the first `ConfinementLimits.members`.
    static func rows(of roots: [Int32]) -> [ProcessRow] {
        var rows: [ProcessRow] = []
        var seen = Set(roots)
        var waiting = roots
        while let pid = waiting.popLast(), rows.count < ConfinementLimits.members {
            guard let row = ProcessRow(of: pid) else { continue }
            rows.append(row)
            for child in row.children where seen.insert(child).inserted { waiting.append(child) }
        }
        return rows
    }

    private struct Process: Hashable {
        var pid: Int32
        var started: UInt64
    }

    /// Kills a process (nil: one that is gone), all below it, and all orphans of its mark, until two looks in a row find
    /// nobody who was not killed before; whether they did, and nobody is left. Who is killed starts nobody any more
    /// (fork(2) fails where a signal waits), so nobody need be stopped first.
    @discardableResult
    static func kill(_ leader: Int32?, _ mark: Mark) -> Bool {
        var killed = Set<Process>()
        var cleanRounds = 0
        for _ in 0..<ConfinementLimits.killRounds {
            let orphans = Instances.orphans(everywhere: true)[mark] ?? []
            let rows = rows(of: (leader.map { [$0] } ?? []) + orphans).filter { !$0.isEnded }
            let new = rows.filter { killed.insert(Process(pid: $0.pid, started: $0.started)).inserted }
            for row in new { row.signal(SIGKILL) }
            cleanRounds = new.isEmpty ? cleanRounds + 1 : 0
            if cleanRounds == ConfinementLimits.cleanKillRounds { return rows.isEmpty }
        }
        return false
    }
}
