internal import Base
internal import Functions
internal import Ledger
internal import Synchronization

/// What one invocation says live, and who waits for its end and hears it meanwhile.
final class Talk: Sendable {
    /// How many may listen.
    static let listeners = 64
    /// What is kept for those who come later.
    static let keptEvents = 4_096
    static let keptBytes = 256 << 10

    private struct State {
        var said: [Emit] = []
        var bytes = 0
        var listeners: [UInt64: Listener] = [:]
        var lastListener: UInt64 = 0
        var hasEnded = false
    }

    private struct Listener {
        let hear: (@Sendable (Emit) -> Void)?
        let continuation: CheckedContinuation<Void, Never>
    }

    private let state = Mutex(State())

    /// Says the run's event number `index`, from 0, to those who listen; false where an earlier run has said the same at
    /// that place.
    func say(_ emit: Emit, at index: Int) -> Bool {
        state.withLock { state in
            if index < state.said.count {
                if state.said[index] == emit { return false }
                for emit in state.said[index...] { state.bytes -= emit.json.utf8.count }
                state.said.removeSubrange(index...)
            }
            let size = emit.json.utf8.count
            if index == state.said.count, index < Self.keptEvents, state.bytes + size <= Self.keptBytes {
                state.said.append(emit)
                state.bytes += size
            }
            // Under the lock, so that nobody hears a later one first.
            for listener in state.listeners.values { listener.hear?(emit) }
            return true
        }
    }

    /// Waits for the end. `hear` gets what has been said already, and then the rest.
    ///
    /// Throws a `CancellationError` where the task is cancelled, and a 503 where many listen.
    func listen(_ hear: (@Sendable (Emit) -> Void)?) async throws {
        let id: UInt64? = state.withLock { state in
            guard state.listeners.count < Self.listeners else { return nil }
            state.lastListener += 1
            return state.lastListener
        }
        guard let id else {
            throw Problem(.busy, "This is under way, and many wait for it.", retryAfter: .seconds(1))
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.hasEnded, !Task.isCancelled else { return true }
                    if let hear { for emit in state.said { hear(emit) } }
                    state.listeners[id] = Listener(hear: hear, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let listener = state.withLock { $0.listeners.removeValue(forKey: id) }
            listener?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    /// Nothing more is said.
    func end() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.hasEnded = true
            return state.listeners.values.map(\.continuation)
        }
        for continuation in listeners { continuation.resume() }
    }
}

/// Who is at what within this process: whoever comes second listens to the first.
final class TalksUnderWay: Sendable {
    private let talks = Mutex<[String: Talk]>([:])

    /// Takes all of the keys, or none where another has one of them: that one.
    func take(_ keys: [String], for talk: Talk) -> Talk? {
        talks.withLock { talks in
            for key in keys { if let other = talks[key], other !== talk { return other } }
            for key in keys { talks[key] = talk }
            return nil
        }
    }

    /// Gives keys back, as far as they are the talk's.
    func giveBack(_ keys: Set<String>, of talk: Talk) {
        talks.withLock { talks in
            for key in keys where talks[key] === talk { talks[key] = nil }
        }
    }
}
