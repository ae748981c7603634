internal import Base
internal import Ledger
internal import Synchronization

/// Thrown by a function that wants to be run again on the state of now: what it has waited for is there. As often as
/// after conflicts, and within its time. What it had from outside until then is not kept.
public struct RunAgain: Error, Sendable {
    /// Once more.
    public init() {}
}

extension Context {
    /// A text from outside of the function's world, such as a language model's, under a name that is the function's own
    /// for it. `source` begins it; in a replay it is not called, and the pieces are those that were recorded.
    ///
    /// Where the function is run again because what it read was changed, it gets what the run before has read, and then
    /// the end: `source` is called once an invocation.
    public func outside(
        _ name: String, _ source: () -> AsyncThrowingStream<String, any Error>
    ) -> OutsideText {
        if let recorded {
            return OutsideText(source: .recorded(recorded.texts[name] ?? OutsideText.Record()))
        }
        if let kept = kept(name) { return OutsideText(source: .recorded(kept)) }
        return OutsideText(source: .live(source(), newTape(name), uptime: uptime))
    }

    /// What an earlier run has had under a name.
    private func kept(_ name: String) -> OutsideText.Record? {
        guard let memory, work.withLock({ $0.ownTexts.insert(name).inserted }) else { return nil }
        return memory.text(name)?.record
    }

    private func newTape(_ name: String) -> OutsideText.Tape {
        let tape = OutsideText.Tape()
        work.withLock { _ = $0.ownTexts.insert(name) }
        memoryToKeep.keep(tape, as: name)
        return tape
    }

    /// The texts from outside as far as they have been read, those left out that said nothing at all.
    var texts: [String: OutsideText.Record] { memory?.records ?? [:] }

    /// What this invocation keeps from run to run, if there is anything.
    var memory: RunMemory? { work.withLock { $0.memory } }

    /// The same, made where there is none.
    var memoryToKeep: RunMemory {
        work.withLock { work in
            if let memory = work.memory { return memory }
            let memory = RunMemory()
            work.memory = memory
            return memory
        }
    }

    // MARK: Other functions

    /// Runs one of the function's ``Function/companions`` on behalf of the same caller, as an invocation of its own: what
    /// it changes is on disk when this returns, whatever becomes of this one. The answer counts as a text from outside
    /// under `name`: it is kept for a further run, and given again in a replay, where nothing is run (the other's own
    /// line of the recording is). Nil there where it was not recorded.
    ///
    /// Not ended where this task is cancelled: what was done is known. Throws the other's refusal as a `Problem`.
    public func call<Reply: Decodable>(
        _ handler: String, _ input: some Encodable, as name: String, for reply: Reply.Type
    ) async throws -> Reply? {
        let record: OutsideText.Record
        if let recorded {
            guard let given = recorded.texts[name] else { return nil }
            record = given
        } else if let kept = kept(name) {
            record = kept
        } else {
            let tape = newTape(name)
            let begun = uptime()
            let outcome = try await run(handler, input)
            if let problem = outcome.problem {
                tape.end(CallFailure(description: "\(problem.kind.rawValue): \(problem.detail)"))
            } else {
                tape.add(OutsideText.Piece(text: outcome.json, delay: uptime() - begun))
            }
            record = tape.record
        }
        if let failure = record.failure { throw Problem(ofCall: failure) }
        return try JSON.decode(reply, text: record.pieces.first?.text ?? "")
    }

    /// Runs a companion as ``call(_:_:as:for:)`` does, for what must be done when this invocation is failing or cancelled
    /// itself. What comes of it is in the other's own log line. Nothing in a replay.
    public func conclude(_ handler: String, _ input: some Encodable) async {
        if recorded == nil { _ = try? await run(handler, input) }
    }

    private func run(_ handler: String, _ input: some Encodable) async throws -> Outcome {
        let data = Array(try JSON.encode(input).utf8)
        // A task of its own is not cancelled with this one.
        return await Task(executorPreference: invoker.platform.executor) { [self] in
            await invoker.invoke(handler: handler, data, for: caller, trace)
        }.value
    }

    private struct CallFailure: Error, CustomStringConvertible { let description: String }

    /// Names this process among those on the store, for as long as it lives. It differs in a replay: only for what is given
    /// to `call`.
    public var process: String { invoker.process }

    /// To a client that reads the answer as one of a stream of events, it is an event of this name. Not needed where the
    /// same is emitted.
    public func answers(as event: String) { work.withLock { $0.answerEvent = event } }

    /// The function's answer.
    func outcome(status: Int, json: String) -> Outcome {
        var outcome = Outcome(status: status, json: json)
        outcome.event = work.withLock { $0.answerEvent }
        return outcome
    }

    // MARK: Turns

    /// Makes sure that within this process no other invocation is at what the keys name, until this one ends.
    ///
    /// Where one is, this waits for its end; who called this one hears meanwhile what the other says live, and first what
    /// it has said so far. Then it throws ``RunAgain``: what the other did is there to be read. In a replay nobody is at
    /// anything. Throws a 503 where many wait already.
    public func turn(at keys: [String]) async throws {
        guard recorded == nil, !keys.isEmpty else { return }
        // What has run out of time must not begin anything.
        try Task.checkCancellation()
        guard let other = try memoryToKeep.take(keys, of: invoker.talks) else { return }
        try await other.listen(listener)
        throw RunAgain()
    }

    /// Gives the turn back before the end.
    public func endTurn() { memory?.endTurn(invoker.talks) }

    /// Waits until a record is as it should be, or until `patience` is over, and throws ``RunAgain`` then: for what another
    /// process does. At once in a replay.
    public func wait<R: StoredRecord>(
        for type: R.Type, _ id: String, within patience: Duration, until isThere: (R?) -> Bool
    ) async throws {
        guard recorded == nil else { throw RunAgain() }
        let end = uptime() + patience
        while uptime() < end {
            let record = try await state.record(kind: R.kind, id: id)
            if try isThere(record.map { try JSON.decode(type, text: $0.body) }) { break }
            let pause = Talk()
            let timer = invoker.platform.timers.schedule(after: Self.lookingAgain) { pause.end() }
            defer { invoker.platform.timers.cancel(timer) }
            try await pause.listen(nil)
            state.catchUp()
        }
        throw RunAgain()
    }

    /// How often another process's doing is looked for.
    private static let lookingAgain = Duration.milliseconds(100)
}

extension Problem {
    /// What a called function refused with, as a text from outside says it.
    fileprivate init(ofCall failure: String) {
        let parts = failure.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
        let kind = parts.first.flatMap { Kind(rawValue: String($0)) } ?? .failed
        self.init(
            kind, parts.count > 1 ? String(parts[1]) : "", retryAfter: kind == .busy ? .seconds(1) : nil)
    }
}
