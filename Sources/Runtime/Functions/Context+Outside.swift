internal import Base
internal import Ledger

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
        backend.text(name, source)
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
        guard let record = try await backend.call(try call(of: handler, input), as: name) else { return nil }
        if let failure = record.failure { throw Problem(ofCall: failure) }
        return try JSON.decode(reply, text: record.pieces.first?.text ?? "")
    }

    /// Runs a companion as ``call(_:_:as:for:)`` does, for what must be done when this invocation is failing or cancelled
    /// itself. What comes of it is in the other's own log line. Nothing in a replay.
    public func conclude(_ handler: String, _ input: some Encodable) async {
        if let call = try? call(of: handler, input) { await backend.conclude(call) }
    }

    private func call(of handler: String, _ input: some Encodable) throws -> FunctionCall {
        FunctionCall(
            handler: handler, data: Array(try JSON.encode(input).utf8), caller: caller, trace: trace)
    }

    /// Names this process among those on the store, for as long as it lives. It differs in a replay: only for what is given
    /// to `call`.
    public var process: String { backend.process }

    // MARK: Turns

    /// Makes sure that within this process no other invocation is at what the keys name, until this one ends.
    ///
    /// Where one is, this waits for its end; who called this one hears meanwhile what the other says live, and first what
    /// it has said so far. Then it throws ``RunAgain``: what the other did is there to be read. In a replay nobody is at
    /// anything. Throws a 503 where many wait already.
    public func turn(at keys: [String]) async throws {
        try await backend.turn(at: keys)
    }

    /// Gives the turn back before the end.
    public func endTurn() { backend.endTurn() }

    /// Waits until a record is as it should be, or until `patience` is over, and throws ``RunAgain`` then: for what another
    /// process does. At once in a replay.
    public func wait<R: StoredRecord>(
        for type: R.Type, _ id: String, within patience: Duration, until isThere: (R?) -> Bool
    ) async throws {
        try await backend.wait(forRecord: R.kind, id, within: patience) { record in
            try isThere(record.map { try JSON.decode(type, text: $0.body) })
        }
        throw RunAgain()
    }
}

extension Problem {
    /// What a called function refused with, as a text from outside says it.
    package init(ofCall failure: String) {
        let parts = failure.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
        let kind = parts.first.flatMap { Kind(rawValue: String($0)) } ?? .failed
        self.init(
            kind, parts.count > 1 ? String(parts[1]) : "", retryAfter: kind == .busy ? .seconds(1) : nil)
    }
}
