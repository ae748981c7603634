internal import Base
internal import Synchronization

/// What is left of a process behind its end: what it has started, its temporary folder, its cgroup. Done at once where
/// there is nothing left, which is the rule, and otherwise by a thread that tries again and again.
package enum ProcessCleaning {
    private static let underWay = Mutex(0)
    private static let thread: WorkThread? = try? WorkThread(named: "process-cleaner")

    /// Cleans up after a process, once `hasEnded` says that it has been waited for.
    static func begin(_ process: ProcessStarter.Started, _ hasEnded: @escaping @Sendable () -> Bool) {
        if clean(process, hasEnded, thoroughly: false) { return }
        guard let thread, let bell = try? Bell() else { return }
        underWay.withLock { $0 += 1 }
        thread.run {
            for _ in 0..<ConfinementLimits.cleanings {
                if clean(process, hasEnded, thoroughly: true) { break }
                _ = bell.wait(atMost: ConfinementLimits.cleaning)
            }
            underWay.withLock { $0 -= 1 }
        }
    }

    private static func clean(
        _ process: ProcessStarter.Started, _ hasEnded: @Sendable () -> Bool, thoroughly: Bool
    ) -> Bool {
        guard hasEnded() else { return false }
        process.group?.kill()
        guard process.isAlone || ProcessTree.kill(nil, process.mark) else { return false }
        guard thoroughly ? process.temporary.remove() : process.temporary.removeEmpty() else { return false }
        return process.group?.remove() ?? true
    }

    /// Removes the temporary folders that hosts have left in `parent` that are no more, for a host that starts. What their
    /// processes had started may run on where there are no cgroups; those themselves have ended with them.
    package static func removeLeftOver(in parent: String) {
        for folder in TemporaryFolder.leftOver(in: parent) { _ = folder.remove() }
    }

    /// Waits until nothing is left of any process that has ended, for a host that ends; whether that is so.
    package static func wait(atMost patience: Duration) -> Bool {
        guard let bell = try? Bell() else { return false }
        var left = patience
        while underWay.withLock({ $0 }) > 0 {
            guard left > .zero else { return false }
            _ = bell.wait(atMost: ConfinementLimits.cleaning)
            left -= ConfinementLimits.cleaning
        }
        return true
    }
}
