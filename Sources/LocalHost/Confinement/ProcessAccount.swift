/// What a process has used, look by look, and whether that is over its limits. Times are nanoseconds here.
struct ProcessAccount {
    /// What one look has seen of a process and all that it has started.
    struct Look {
        var rows: [ProcessRow] = []
        /// CPU time of each row's process.
        var cpu: [Int] = []
        /// Bytes: the highest that the first process had by itself, and the shares of all; nil where nobody asked.
        var highest: Int?
        var share: Int?
        /// Bytes of the temporary folder: nil where nobody asked; `.max` where it has more than can be counted.
        var temporary: Int?

        /// Bytes that the processes have; what they have together, each of them has here.
        var memory: Int { rows.reduce(0) { $0 + $1.resident } }
        var threads: Int { rows.reduce(0) { $0 &+ max($1.threads, 1) } }
    }

    private struct Seen {
        var started: UInt64
        var cpu: Int
    }

    let limits: ProcessLimits
    private(set) var usage = ProcessUsage(peakMemory: 0, memory: 0, cpu: .zero, processes: 1, threads: 1)
    private(set) var runningInvocations = 0
    private(set) var cpu = 0
    /// CPU time when the first of the running invocations began, and how many have since.
    private var base = 0
    private var begun = 1
    private var idleLooks = 0
    private var looksOverMemory = 0
    /// The processes of the last look, and the CPU time of those that are no longer there.
    private var seen: [Int32: Seen] = [:]
    private var gone = 0

    init(limits: ProcessLimits) { self.limits = limits }

    /// Notes what is used now.
    mutating func note(_ look: Look) {
        var now: [Int32: Seen] = [:]
        for (row, cpu) in zip(look.rows, look.cpu) { now[row.pid] = Seen(started: row.started, cpu: cpu) }
        for (pid, before) in seen where now[pid]?.started != before.started { gone &+= before.cpu }
        seen = now
        // Who is gone is in the time of the one who waited for it, or nobody has waited; never counted twice.
        let waited = look.rows.reduce(0) { $0 &+ Int(clamping: $1.waitedTicks) &* ProcessRow.tick }
        cpu = max(cpu, look.cpu.reduce(0, &+) &+ max(waited, gone))
        let memory = look.share ?? look.memory
        usage = ProcessUsage(
            peakMemory: max(usage.peakMemory, memory, look.highest ?? 0), memory: memory,
            cpu: .nanoseconds(cpu), processes: look.rows.count, threads: look.threads)
    }

    /// The limit that the look just noted is over. `memoryIsKept`: by a cgroup, which counts better.
    mutating func breach(of look: Look, memoryIsKept: Bool) -> ProcessBreach? {
        if look.rows.count > limits.processes { return .processes(limit: limits.processes) }
        if look.threads > limits.threads { return .threads(limit: limits.threads) }
        if let limit = limits.memory, !memoryIsKept {
            let one = max(look.rows.map(\.resident).max() ?? 0, look.highest ?? 0)
            if one > limit { return .memory(limit: limit, peak: max(one, usage.peakMemory)) }
            looksOverMemory = (look.share ?? look.memory) > limit ? looksOverMemory + 1 : 0
            if looksOverMemory >= ConfinementLimits.looksOverMemory {
                return .memory(limit: limit, peak: usage.peakMemory)
            }
        }
        if let limit = limits.cpu, isOver(limit) { return .cpu(limit: limit) }
        if let temporary = look.temporary, limits.temporaryBytes > 0, temporary > limits.temporaryBytes {
            return .temporary(limit: limits.temporaryBytes)
        }
        return nil
    }

    private func isOver(_ limit: Duration) -> Bool {
        Duration.nanoseconds(cpu &- base) > limit * max(begun, 1)
    }

    /// An invocation begins; CPU time is counted from now on, and where several run at once, for all of them together.
    mutating func beginInvocation(cpu now: Int) {
        if runningInvocations == 0 {
            cpu = max(cpu, now)
            base = cpu
            begun = 0
        }
        begun &+= 1
        runningInvocations &+= 1
    }

    /// An invocation ends. Where none runs any more, what the process goes on computing is counted as another one.
    mutating func endInvocation(cpu now: Int) {
        guard runningInvocations > 0 else { return }
        runningInvocations -= 1
        if runningInvocations == 0 { allow(now) }
    }

    /// A look while no invocation runs: now and then another invocation's time is allowed.
    mutating func noteIdle() {
        idleLooks += 1
        if idleLooks % ConfinementLimits.idleLooksPerAllowance == 0 { allow(cpu) }
    }

    private mutating func allow(_ now: Int) {
        cpu = max(cpu, now)
        base = cpu
        begun = 1
    }
}
