internal import Functions
internal import Ledger
internal import Synchronization

/// What one invocation keeps from one run of its function to the next, where what it had read was changed meanwhile:
/// nobody outside is asked twice, nothing is counted twice, and nobody is told the same again.
final class RunMemory: Sendable {
    private struct State {
        var texts: [String: OutsideText.Tape] = [:]
        var counted: [[String]: Int] = [:]
        var keys: Set<String> = []
        var hasEnded = false
    }

    /// What it says live.
    let talk = Talk()
    private let state = Mutex(State())

    /// What has been had under a name.
    func text(_ name: String) -> OutsideText.Tape? { state.withLock { $0.texts[name] } }

    func keep(_ tape: OutsideText.Tape, as name: String) { state.withLock { $0.texts[name] = tape } }

    /// Forgets what has been had: the next run asks anew.
    func forgetTexts() { state.withLock { $0.texts = [:] } }

    /// All texts as far as they have been read, those left out that said nothing at all.
    var records: [String: OutsideText.Record] {
        state.withLock { $0.texts.mapValues(\.record) }.filter {
            !$0.value.pieces.isEmpty || $0.value.failure != nil || $0.value.isCut
        }
    }

    /// How much of a run's count (`total` for all of its kind) no run before has counted.
    func owed(_ key: [String], total: Int, of amount: Int) -> Int {
        state.withLock { state in
            let before = state.counted[key] ?? 0
            guard total > before else { return 0 }
            state.counted[key] = total
            return min(amount, total - before)
        }
    }

    /// Takes a turn, or says who has it. Throws a `CancellationError` behind the end.
    func take(_ keys: [String], of talks: TalksUnderWay) throws -> Talk? {
        try state.withLock { state in
            guard !state.hasEnded else { throw CancellationError() }
            if let other = talks.take(keys, for: talk) { return other }
            state.keys.formUnion(keys)
            return nil
        }
    }

    /// Whether somebody may come and listen.
    var hasTurn: Bool { state.withLock { !$0.keys.isEmpty } }

    /// Lets go what it holds, and those go on who wait for it.
    func end(_ talks: TalksUnderWay) {
        state.withLock { $0.hasEnded = true }
        endTurn(talks)
        talk.end()
    }

    /// Lets go what it holds; it may still take another turn.
    func endTurn(_ talks: TalksUnderWay) {
        let keys = state.withLock { state in
            defer { state.keys = [] }
            return state.keys
        }
        talks.giveBack(keys, of: talk)
    }
}
