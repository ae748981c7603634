internal import Base
internal import Confinement
internal import Net
internal import Runtime

/// The process of one instance, what it writes, and its end.
final class InstanceProcess {
    private let process: ConfinedProcess
    private let core: HostCore
    private let tokens: InstanceTokens
    private let outputs: InstanceOutputs
    private var token: UInt64 = 0
    private var killTimer: TimerID?
    private var peak = (memory: 0, at: Duration.zero)

    /// `ended` is told how it has ended, once.
    init(
        _ process: ConfinedProcess, _ core: HostCore, _ tokens: InstanceTokens, _ outputs: InstanceOutputs,
        ended: @escaping (ProcessEnding) -> Void
    ) {
        self.process = process
        self.core = core
        self.tokens = tokens
        self.outputs = outputs
        token = tokens.take { [weak self] _ in
            guard let self, let ending = process.reap() else { return }
            outputs.drain()
            close()
            ended(ending)
        }
        try? core.loop.watch(process.ended, for: .read, token: token)
    }

    var pid: Int32 { process.pid }
    /// What the watch looks at.
    var confined: ConfinedProcess { process }

    private func close() {
        if let killTimer { core.loop.cancel(killTimer) }
        core.loop.forget(process.ended)
        tokens.giveBack(token)
        outputs.close()
    }

    func begin() {
        process.beginInvocation()
        outputs.begin()
    }

    func end() { process.endInvocation() }

    /// Reads what it has written so far.
    func drain() { outputs.drain() }

    /// Asks it to end, and ends it where it does not.
    func terminate() {
        guard killTimer == nil else { return }
        process.terminate()
        killTimer = core.loop.callLater(after: core.limits.instanceGrace) { [weak self] in self?.kill() }
    }

    func kill() { process.kill() }

    /// The highest memory that was seen, in bytes; looked at now unless that was just done.
    func peakMemory() -> Int {
        let now = core.engine.platform.uptime()
        if peak.memory == 0 || now - peak.at >= core.limits.memoryLook, let usage = process.usage() {
            peak = (max(peak.memory, usage.peakMemory), now)
        }
        return peak.memory
    }

    /// What was found out at its end.
    func notePeak(_ memory: Int) { peak.memory = max(peak.memory, memory) }
}
