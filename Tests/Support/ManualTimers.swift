public import Base
internal import Synchronization

/// Timers that fire when the test says so.
public final class ManualTimers: Timers {
    private struct State {
        var next: UInt64 = 1
        var actions: [UInt64: (delay: Duration, action: @Sendable () -> Void)] = [:]
        var scheduled: Gate?
    }

    private let state = Mutex(State())

    /// No timers yet.
    public init() {}

    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerID {
        let (id, gate) = state.withLock { state in
            defer { state.next += 1 }
            state.actions[state.next] = (delay, action)
            return (TimerID(value: state.next), state.scheduled)
        }
        gate?.open()
        return id
    }

    public func cancel(_ timer: TimerID) {
        state.withLock { _ = $0.actions.removeValue(forKey: timer.value) }
    }

    /// Fires all timers as soon as there is one.
    public func fire() async {
        let gate = Gate()
        let isEmpty = state.withLock { state in
            state.scheduled = gate
            return state.actions.isEmpty
        }
        if isEmpty { await gate.wait() }
        let actions = state.withLock { state in
            defer { state.actions = [:] }
            return state.actions.values.map(\.action)
        }
        for action in actions { action() }
    }

    /// Fires those that wait for just so long, if there are any.
    public func fire(after delay: Duration) {
        let actions = state.withLock { state in
            let due = state.actions.filter { $0.value.delay == delay }
            for id in due.keys { state.actions[id] = nil }
            return due.values.map(\.action)
        }
        for action in actions { action() }
    }

    /// The delays of those that wait.
    public var delays: [Duration] { state.withLock { $0.actions.values.map(\.delay) } }
}
