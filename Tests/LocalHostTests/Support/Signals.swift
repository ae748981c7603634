import Base
import Ledger
import Synchronization

/// What happened, in order; a test can wait for it.
final class Record: Sendable {
    private let entries = Mutex<[String]>([])
    private let bell: Bell

    init() throws { bell = try Bell() }

    func add(_ entry: String) {
        entries.withLock { $0.append(entry) }
        bell.ring()
    }

    var all: [String] { entries.withLock { $0 } }

    /// The entries once there are `count`, or after ten seconds.
    func wait(for count: Int) -> [String] {
        let start = ContinuousClock.now
        while true {
            let all = all
            guard all.count < count, ContinuousClock.now - start < .seconds(10) else { return all }
            _ = bell.wait(atMost: .milliseconds(500))
        }
    }
}

/// Holds up whoever comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
