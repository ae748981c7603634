internal import Base
internal import Ledger

/// What a client may ask for again (`idempotency-key` in the manifest).
extension Invoker {
    /// The key under which the answer is kept, and who waits for it; nil without one. Jobs have none: the store knows
    /// by itself which were done.
    func requestKey(of invocation: inout Invocation) throws -> RequestKey? {
        guard let member = invocation.entry.idempotencyKey, invocation.claim == nil else { return nil }
        if case .queue = invocation.event.trigger { return nil }
        let found = try IdempotencyKey.of(invocation.event, member: member, isReplay: invocation.isReplay)
        guard let found else { return nil }
        // A recording has it beside the input, out of which members may be left.
        invocation.event.idempotencyKey = found.text
        let scope = invocation.caller.map { "player:" + $0.subject } ?? invocation.addressScope
        let key = found.requestKey(
            function: invocation.entry.name, scope: scope, input: invocation.event.data)
        guard let key else { throw Problem(.failed, "The input could not be hashed. Nothing was changed.") }
        return key
    }

    /// Runs `body` when nobody else in this process does the same.
    func once(
        _ invocation: inout Invocation, _ body: (inout Invocation) async throws -> Outcome
    ) async throws -> Outcome {
        let crowded = Problem(.busy, "This is under way, and many wait for it.", retryAfter: .seconds(1))
        if invocation.isReplay, invocation.taken.isCrowded { throw crowded }
        guard let key = invocation.key, !invocation.isReplay else { return try await body(&invocation) }
        switch await keysUnderWay.enter(key.name) {
        case .refused:
            invocation.taken.isCrowded = true
            throw crowded
        case .done: return try await body(&invocation)
        case .own:
            var isDone = false
            defer { keysUnderWay.leave(key.name, isDone: isDone) }
            let outcome = try await body(&invocation)
            isDone = true
            return outcome
        }
    }

    /// What is kept of an answer. A function may take until its deadline, and the answer is kept for the recovery window
    /// from then on.
    func keptAnswer(_ invocation: Invocation, status: Int, json: String) -> KeptAnswer? {
        invocation.key.map { key in
            KeptAnswer(
                key: key, status: status, json: json,
                expiresAt: invocation.event.time + manifest.sockets.recoveryWindow
                    + invocation.entry.limits.timeout)
        }
    }

    /// The answer that was given before.
    func outcome(repeating kept: KeptAnswer, _ invocation: Invocation) throws -> Outcome {
        guard kept.key == invocation.key else {
            throw Problem(.invalid, "The idempotency key was used for another input. Use a new one.")
        }
        guard let json = kept.json else {
            throw Problem(.conflict, "It was done before; its answer was too long to be kept.")
        }
        invocation.fields.set("repeated", .boolean(true))
        var outcome = Outcome(status: kept.status, json: json)
        outcome.isRepeated = true
        return outcome
    }
}
