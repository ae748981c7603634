public import Ledger
public import Observability

/// Who hears what a function says while it still works.
public protocol LiveAudience: Sendable {
    /// Passes an event on to the sockets in its rooms, if they are here and now; it is kept nowhere. Called from any
    /// thread, in the order in which one invocation speaks. Must be quick.
    func tell(_ emit: Emit)
}

extension Context {
    /// Whether anyone hears what is said live, or may come to (``turn(at:)``). False in a replay: nothing that the function
    /// decides may depend on it.
    public var hasAudience: Bool { backend.hasAudience }

    /// Says something at once, before the function has returned: to the sockets in `rooms`, and to whoever waits for
    /// this invocation's answer. It is no part of the unit of work: it is neither kept nor recorded, and nobody hears it in
    /// a replay. Where the function runs again, what it says as before is not said twice.
    ///
    /// Throws where a room's name is not one, as ``emit(_:_:to:except:)`` does.
    public func live(_ event: String, _ value: some Encodable, to rooms: [String]) throws {
        let rooms = try rooms.map { try full($0) }
        guard backend.hasAudience else { return }
        backend.say(
            Emit(
                rooms: rooms, event: event, json: try JSON.encode(value), form: DataForm(of: type(of: value)),
                isVolatile: true))
    }

    /// Adds to a counter of the metrics, at once and whatever becomes of the invocation. A further run of the function
    /// counts only what is more than in the runs before. `labels` have few
    /// values each, but the last one: of its values, those beyond some thousand are counted together, as `(other)`.
    public func count(_ counter: Metrics.Counter, _ labels: [(String, String)], by amount: Int = 1) {
        backend.count(counter, labels, by: amount)
    }
}
