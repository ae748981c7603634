internal import Manifest
internal import Identity
internal import Functions
internal import Observability
internal import Synchronization

/// Functions that other functions call (`Context.call`).
extension Engine {
    /// Names this process among those on the store.
    package var process: String {
        processName.withLock { name in
            if let name { return name }
            var random = SeededRandom(seed: platform.seed())
            let made = random.identifier("process", at: platform.now())
            name = made
            return made
        }
    }

    /// Runs a companion function on behalf of a caller of ours.
    func invoke(_ call: FunctionCall) async -> Outcome {
        guard let entry = manifest.functions.first(where: { $0.handler == call.handler }) else {
            return outcome(of: EngineError.missingHandlers([call.handler]))
        }
        var random = SeededRandom(seed: platform.seed())
        let now = platform.now()
        // Neither the session's end nor the token's matters to what is under way.
        let claims = call.caller.map { Claims(subject: $0.subject, roles: $0.roles) }
        return await invoke(
            entry,
            Event(
                id: random.identifier("call", at: now), time: now, trigger: .direct,
                credential: claims.map { .verified($0) } ?? .none, trace: call.trace, data: call.data))
    }
}
