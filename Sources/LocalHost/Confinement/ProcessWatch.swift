package import Base
internal import Synchronization

/// Looks at processes on a thread of its own, every 20 ms while one of them starts or runs an invocation and less often
/// otherwise, kills those that are over a limit, and tells why.
package final class ProcessWatch: Sendable {
    private struct State {
        var processes: [Int32: ConfinedProcess] = [:]
        var isClosed = false
    }
    private let state = Mutex(State())
    private let bell: Bell
    private let thread = Mutex<SystemThread?>(nil)

    /// `onBreach` is called on the watch's thread when a process over a limit has been killed, once a process.
    package init(onBreach: @escaping @Sendable (_ pid: Int32, ProcessBreach) -> Void) throws(SystemError) {
        bell = try Bell()
        let watching = try SystemThread(named: "process-watch") { [self] in watch(onBreach) }
        thread.withLock { $0 = watching }
    }

    /// Looks at a process from now on, until it is removed.
    package func add(_ process: ConfinedProcess) {
        state.withLock { $0.processes[process.pid] = process }
        bell.ring()
    }

    package func remove(_ process: ConfinedProcess) {
        state.withLock { state in
            // By now its number may be another one's.
            if state.processes[process.pid] === process { state.processes[process.pid] = nil }
        }
    }

    /// Looks no more; returns when the thread has ended. Whoever made a watch closes it.
    package func close() {
        state.withLock { state in
            state.isClosed = true
            state.processes = [:]
        }
        bell.ring()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        thread?.join()
    }

    private func watch(_ onBreach: (Int32, ProcessBreach) -> Void) {
        while true {
            let (processes, isClosed) = state.withLock { (Array($0.processes.values), $0.isClosed) }
            if isClosed { return }
            if processes.isEmpty {
                bell.wait()
                continue
            }
            let orphans = Instances.orphans()
            for process in processes {
                guard let breach = process.inspect(orphans: orphans) else { continue }
                process.kill()
                onBreach(process.pid, breach)
            }
            let isBusy = processes.reduce(false) { $1.isBusy(bell) || $0 }
            _ = bell.wait(atMost: isBusy ? ConfinementLimits.look : ConfinementLimits.idleLook)
        }
    }
}
