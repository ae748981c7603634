internal import Base
internal import Glibc
internal import Synchronization

/// One process and all that it starts. Where its owner lets go of it, it is killed, and its descriptors are closed: so
/// whoever waits for them holds it.
///
/// It begins in a session of its own, with what `ProcessStart` says and nothing of the host's: no descriptor but 0
/// (`/dev/null`), 1, 2 and 3, no blocked or ignored signal, umask 077, and no way to new privileges. It is killed when
/// the host ends.
package final class ConfinedProcess: Sendable {
    package let pid: Int32
    /// A pidfd: can be read when the process has ended.
    package let ended: Int32
    /// The ends to read of its standard output and error, which do not block.
    package let output: Int32
    package let errors: Int32
    /// The end to read of a pipe that it has as descriptor 3, named by `_LAMBDA_TELEMETRY_LOG_FD`.
    package let telemetry: Int32
    private let started: ProcessStarter.Started
    let limits: ProcessLimits

    private struct State {
        var ending: ProcessEnding?
        var breach: ProcessBreach?
        var account: ProcessAccount
        /// Rings where the watch looks seldom.
        var bell: Bell?
        var looks = 0
        /// The look that sees more than others: what is in the temporary folder.
        var nextInventory = 1
    }
    private let state: Mutex<State>

    /// Starts it; returns when its program runs, mostly within a millisecond.
    package convenience init(_ start: ProcessStart) throws(ProcessStartError) {
        let result = Mutex<Result<ProcessStarter.Started, ProcessStartError>?>(nil)
        do throws(SystemError) {
            let bell = try Bell()
            ProcessStarter.start(start) { started in
                result.withLock { $0 = started }
                bell.ring()
            }
            bell.wait()
        } catch { throw ProcessStartError(start, error.call, error.code) }
        guard let started = result.withLock({ $0 }) else {
            throw ProcessStartError(start, "it was not started", EAGAIN)
        }
        self.init(try started.get(), start.limits)
    }

    /// Starts it without making the caller wait: `then` is called on the thread that starts processes, and must be quick.
    package static func start(
        _ start: ProcessStart,
        then: @escaping @Sendable (Result<ConfinedProcess, ProcessStartError>) -> Void
    ) {
        ProcessStarter.start(start) { started in then(started.map { ConfinedProcess($0, start.limits) }) }
    }

    private init(_ started: ProcessStarter.Started, _ limits: ProcessLimits) {
        (pid, ended) = (started.pid, started.ended)
        (output, errors, telemetry) = (started.output, started.errors, started.telemetry)
        self.started = started
        self.limits = limits
        state = Mutex(State(account: ProcessAccount(limits: limits)))
    }

    deinit {
        if state.withLock({ $0.ending }) == nil {
            kill()
            let (pid, started) = (pid, started)
            ProcessCleaning.begin(started, { Instances.end(of: pid) != nil })
        }
        for descriptor in [ended, output, errors, telemetry] { close(descriptor) }
    }

    /// Asks the processes of its group to end (SIGTERM).
    package func terminate() {
        state.withLock { state in
            // Until it has been waited for, no other process has its number.
            if state.ending == nil { _ = Glibc.kill(-pid, SIGTERM) }
        }
    }

    /// Kills it and all that it has started, wherever that has gone.
    package func kill() {
        started.group?.kill()
        let isThere = state.withLock { state in
            guard state.ending == nil else { return false }
            _ = Glibc.kill(-pid, SIGKILL)
            return true
        }
        if !started.isAlone { ProcessTree.kill(isThere ? pid : nil, started.mark) }
    }

    /// How it has ended; nil while it runs. What it has started is killed then, and its temporary folder removed: where
    /// that takes long, by a thread of its own (`ProcessCleaning`).
    package func reap() -> ProcessEnding? {
        let (ending, isNew) = state.withLock { state -> (ProcessEnding?, Bool) in
            if let ending = state.ending { return (ending, false) }
            guard let end = Instances.end(of: pid) else { return (nil, false) }
            let signal = end.status & 0x7f
            let seen = state.account.usage
            let kept = started.group?.memoryPeak ?? 0
            if let limit = limits.memory, state.breach == nil, started.group?.hasRunOutOfMemory == true {
                state.breach = .memory(limit: limit, peak: max(kept, seen.peakMemory))
            }
            let ending = ProcessEnding(
                cause: signal == 0 ? .exited((end.status >> 8) & 0xff) : .killed(signal: signal),
                // Up to its execve it had the host's memory, and the kernel does not tell the two apart.
                peakMemory: max(seen.peakMemory, kept, end.peak > started.hostsMemory ? end.peak : 0),
                cpu: max(seen.cpu, .nanoseconds(end.cpu)), breach: state.breach)
            state.ending = ending
            return (ending, true)
        }
        if isNew { ProcessCleaning.begin(started) { true } }
        return ending
    }

    /// What it uses now; nil where it has ended.
    package func usage() -> ProcessUsage? {
        let look = look(orphans: nil, inventory: true)
        guard look.rows.contains(where: { $0.pid == pid && !$0.isEnded }) else { return nil }
        return state.withLock { state in
            state.account.note(look)
            return state.account.usage
        }
    }

    /// The limit for which it is being killed, or was.
    package var breach: ProcessBreach? { state.withLock { $0.breach } }

    /// An invocation begins: its CPU time is counted from now on. Several at once share theirs.
    package func beginInvocation() {
        let now = cpuTime()
        let bell = state.withLock { state in
            state.account.beginInvocation(cpu: now)
            return state.bell
        }
        bell?.ring()
    }

    /// An invocation that began has ended.
    package func endInvocation() {
        let now = cpuTime()
        state.withLock { $0.account.endInvocation(cpu: now) }
    }

    /// Nanoseconds of all that is there now; of others than itself, what they had when they were last looked at.
    private func cpuTime() -> Int {
        if started.isAlone { return ProcessRow.cpu(of: pid) }
        let look = look(orphans: nil, inventory: false)
        return state.withLock { state in
            state.account.note(look)
            return state.account.cpu
        }
    }

    /// Looks at it. `orphans`: what was found of them a moment ago.
    private func look(orphans: [Mark: [Int32]]?, inventory: Bool) -> ProcessAccount.Look {
        var look = ProcessAccount.Look()
        if started.isAlone {
            look.rows = ProcessRow(of: pid).map { [$0] } ?? []
        } else {
            let orphans = (orphans ?? Instances.orphans())[started.mark] ?? []
            look.rows = ProcessTree.rows(of: [pid] + orphans)
        }
        look.cpu = look.rows.map { ProcessRow.cpu(of: $0.pid) }
        if inventory { look.highest = ProcessRow.highestMemory(of: pid) }
        if let limit = limits.memory, look.rows.count > 1, look.memory > limit {
            look.share = look.rows.reduce(0) { $0 + (ProcessRow.share(of: $1.pid) ?? 0) }
        }
        return look
    }

    /// Looks at it for the watch: the limit that it is over, if it is over one now and was not before.
    func inspect(orphans: [Mark: [Int32]]) -> ProcessBreach? {
        let (looks, inventory) = state.withLock { state -> (Int?, Bool) in
            state.looks += 1
            guard state.ending == nil, state.breach == nil else { return (nil, false) }
            return (state.looks, state.looks >= state.nextInventory)
        }
        guard let looks else { return nil }
        var look = look(orphans: orphans, inventory: inventory)
        var nextInventory = looks + ConfinementLimits.looksPerInventory
        if inventory, limits.temporaryBytes > 0 {
            let content = started.temporary.content(openBy: look.rows.map(\.pid))
            look.temporary = content.bytes
            nextInventory += content.entries / ConfinementLimits.entriesPerLook
        }
        return state.withLock { state in
            guard state.ending == nil, state.breach == nil else { return nil }
            if inventory { state.nextInventory = nextInventory }
            state.account.note(look)
            if state.account.runningInvocations == 0, looks > ConfinementLimits.startingLooks {
                state.account.noteIdle()
            }
            state.breach = state.account.breach(
                of: look, memoryIsKept: started.group?.keepsMemory ?? false)
            return state.breach
        }
    }

    /// Whether it is looked at often: while it starts, and while an invocation runs. `bell` rings when one begins.
    func isBusy(_ bell: Bell) -> Bool {
        state.withLock { state in
            let isBusy =
                state.ending == nil
                && (state.account.runningInvocations > 0 || state.looks < ConfinementLimits.startingLooks)
            state.bell = isBusy ? nil : bell
            return isBusy
        }
    }
}
