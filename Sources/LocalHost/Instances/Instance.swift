internal import Base
internal import Confinement
internal import FoundationEssentials
internal import Ledger
internal import Net
internal import Runtime

/// Who hears what becomes of an instance: its pool.
protocol InstanceOwner: AnyObject {
    /// It asks for an event, for the first time or again.
    func asks(_ instance: Instance)
    /// An invocation has come to this.
    func ended(
        _ task: InstanceTask, on instance: Instance, _ reply: InstanceTask.Reply, fault: FunctionFault?)
    /// Its process is gone.
    func isGone(_ instance: Instance, _ ending: InstanceEnding)
}

/// How an instance came to its end.
struct InstanceEnding {
    /// In words, such as `signal 9 (Killed)`.
    let words: String
    /// Whether it was asked to end, and had nothing in hand.
    let isExpected: Bool
    /// It had never asked for an event.
    let isBeforeStart: Bool
    /// The highest memory seen, in bytes.
    let peakMemory: Int
}

/// One process of a function, from its start to its end, and the invocations that it has in hand. It is known by its port
/// who speaks.
final class Instance {
    enum Phase { case launching, starting, serving, leaving, ended }

    /// What its life has been so far, in the host's uptime.
    struct Life {
        let launched: Duration
        /// How long it took until it asked for its first event.
        var startTime: Duration?
        var idleSince: Duration
        var served = 0
        /// Since when it has been seen to have nothing in hand, and to ask for nothing.
        var silentSince: Duration?
    }

    /// For logs: the function's name and a number.
    let name: String
    let entry: FunctionEntry
    /// Which state of the program and the manifest it was started with.
    let revision: Int
    let line: InstanceLine
    private let core: HostCore
    private let tokens: InstanceTokens
    private weak var owner: (any InstanceOwner)?
    private(set) var process: InstanceProcess?
    private(set) var phase = Phase.launching
    private(set) var life: Life
    private(set) var inHand: [String: InstanceTask] = [:]
    private var startTimer: TimerID?
    /// Why it is being ended, where the host does that.
    private var reason: String?
    /// What it told of its own start.
    private(set) var startFault: FunctionFault?

    init(
        _ name: String, of entry: FunctionEntry, revision: Int, _ transports: Transports,
        _ tokens: InstanceTokens, owner: any InstanceOwner
    ) throws(HostError) {
        self.name = name
        self.entry = entry
        self.revision = revision
        core = transports.core
        self.tokens = tokens
        self.owner = owner
        life = Life(launched: core.now, idleSince: core.now)
        line = try InstanceLine(transports, tokens, concurrency: entry.instances.concurrency)
        line.serve(self)
    }

    /// Whether it can take another event now.
    var isFree: Bool {
        phase == .serving && reason == nil && line.isAsked && inHand.count < entry.instances.concurrency
    }

    /// Whether it has answered, and will ask for its next event in a moment.
    var isBetweenEvents: Bool {
        phase == .serving && reason == nil && inHand.isEmpty && !line.isAsked && life.silentSince == nil
    }

    /// What it has in hand when it writes something, where that is sure.
    var onlyTask: InstanceTask? { inHand.count == 1 ? inHand.values.first : nil }

    // MARK: The process

    /// Its process has been started.
    func runs(_ confined: ConfinedProcess) {
        guard phase != .ended else { return confined.kill() }
        let outputs = InstanceOutputs(confined, core, tokens, of: self)
        process = InstanceProcess(confined, core, tokens, outputs) { [weak self] in self?.hasEnded($0) }
        // Where it is not needed any more, it is still waited for.
        if phase == .launching { phase = .starting } else { process?.kill() }
        startTimer = core.loop.callLater(after: core.limits.instanceStart) { [weak self] in
            guard let self, phase == .starting else { return }
            core.turnBegins()
            end("it asked for no event within \(core.limits.instanceStart)")
        }
        // It may have been quicker than the news of its start.
        if line.isAsked {
            serves()
            owner?.asks(self)
        }
    }

    /// It could not be started.
    func cannotRun(_ words: String) {
        let isExpected = phase == .leaving
        finish(InstanceEnding(words: words, isExpected: isExpected, isBeforeStart: true, peakMemory: 0))
    }

    private func hasEnded(_ ending: ProcessEnding) {
        core.turnBegins()
        process?.notePeak(ending.peakMemory)
        finish(
            InstanceEnding(
                words: ending.breach?.words ?? reason ?? ending.words,
                isExpected: phase == .leaving && inHand.isEmpty, isBeforeStart: life.startTime == nil,
                peakMemory: process?.peakMemory() ?? 0))
    }

    private func finish(_ ending: InstanceEnding) {
        guard phase != .ended else { return }
        phase = .ended
        if let startTimer { core.loop.cancel(startTimer) }
        line.close()
        let problem = Problem(.died, "The function's process has ended: \(ending.words).")
        for task in inHand.values {
            remove(task)
            owner?.ended(task, on: self, .failed(problem), fault: nil)
        }
        owner?.isGone(self, ending)
        process = nil
    }

    /// Lets it finish what it has in hand, and then end.
    func leave() {
        switch phase {
        case .launching, .starting:
            phase = .leaving
            process?.kill()
        case .serving:
            phase = .leaving
            stopIfIdle()
        case .leaving, .ended: break
        }
    }

    private func stopIfIdle() {
        if phase == .leaving, inHand.isEmpty { process?.terminate() }
    }

    /// Ends it at once, with all that it has started.
    func end(_ reason: String) {
        guard phase != .ended else { return }
        self.reason = self.reason ?? reason
        if phase == .launching { phase = .leaving }
        process?.kill()
    }

    // MARK: What it says

    func asks(_ connection: RuntimeAPIConnection) {
        line.asks(connection)
        life.silentSince = nil
        serves()
        owner?.asks(self)
    }

    /// It has asked for its first event.
    private func serves() {
        guard phase == .starting else { return }
        phase = .serving
        life.startTime = core.engine.platform.uptime() - life.launched
        if let startTimer { core.loop.cancel(startTimer) }
    }

    /// Ends it where it has nothing in hand and has asked for nothing for an invocation's time: it would get no event any
    /// more. Called from time to time.
    func endIfSilent() {
        guard phase == .serving, inHand.isEmpty, !line.isAsked else {
            life.silentSince = nil
            return
        }
        let since = life.silentSince ?? core.now
        life.silentSince = since
        let timeout = entry.limits.timeout
        if core.now - since >= timeout { end("it asked for no event within \(timeout) of its last answer") }
    }

    func failsToStart(_ fault: FunctionFault) { startFault = startFault ?? fault }

    /// Gives it an event. Only where it is free.
    func take(_ task: InstanceTask) {
        guard let connection = line.takeAsking() else { return }
        life.served += 1
        inHand[task.id] = task
        task.isCold = life.served == 1
        task.begun = core.engine.platform.uptime()
        process?.begin()
        connection.hand(task, function: entry.name, until: core.wallClock + task.time)
        task.timer = core.loop.callLater(after: task.time + task.grace) { [weak self, weak task] in
            guard let self, let task, inHand[task.id] != nil else { return }
            core.turnBegins()
            overruns(task)
        }
    }

    private func overruns(_ task: InstanceTask) {
        remove(task)
        let timeout = entry.limits.timeout
        // The pipeline around a program has changed nothing.
        let doubt = entry.command.isEmpty ? " Whether it has changed anything is not certain." : ""
        let problem = Problem(.deadline, "The function may take \(timeout), and was ended.\(doubt)")
        owner?.ended(task, on: self, .failed(problem), fault: nil)
        end("an invocation took longer than its \(timeout)")
    }

    private func remove(_ task: InstanceTask) {
        guard inHand.removeValue(forKey: task.id) != nil else { return }
        if let timer = task.timer { core.loop.cancel(timer) }
        process?.end()
        if inHand.isEmpty { life.idleSince = core.now }
    }

    /// Whether that invocation was in hand.
    func responds(to id: String, with answer: InstanceAnswer) -> Bool {
        guard let task = inHand[id] else { return false }
        takeOutput()
        remove(task)
        let limit = entry.limits.process.response
        let reply: InstanceTask.Reply =
            answer.isCut
            ? .failed(Problem(.badAnswer, "The function's answer has more than \(limit) bytes."))
            : .answer(answer.body)
        owner?.ended(task, on: self, reply, fault: nil)
        stopIfIdle()
        return true
    }

    /// What it has written before it told of an invocation is that invocation's, where it has no other in hand.
    private func takeOutput() { if inHand.count == 1 { process?.drain() } }

    func fails(_ id: String, _ fault: FunctionFault) -> Bool {
        guard let task = inHand[id] else { return false }
        takeOutput()
        remove(task)
        owner?.ended(task, on: self, .failed(Problem(.failed, "Nothing was changed.")), fault: fault)
        stopIfIdle()
        return true
    }

    /// A function of ours says something live.
    func says(_ id: String, _ json: [UInt8]) -> Bool {
        guard let task = inHand[id] else { return false }
        guard let emit = try? JSONDecoder().decode(Emit.self, from: Data(json)) else { return true }
        core.engine.audience?.tell(emit)
        task.live?(emit)
        return true
    }
}

/// The tokens of instances' descriptors, beside those of the host and of its transports.
final class InstanceTokens {
    private var actions: [UInt64: (ReadyEvents) -> Void] = [:]
    private var last: UInt64 = 1 << 48

    func take(_ action: @escaping (ReadyEvents) -> Void) -> UInt64 {
        last += 1
        actions[last] = action
        return last
    }

    func giveBack(_ token: UInt64) { actions[token] = nil }

    /// Whether the token is one of these.
    func ready(_ token: UInt64, _ events: ReadyEvents) -> Bool {
        guard let action = actions[token] else { return false }
        action(events)
        return true
    }
}
