internal import Synchronization

/// A value in a log line.
public enum LogValue: Sendable, Equatable {
    /// Text.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// A number; what is not finite is written as null.
    case number(Double)
    /// True or false.
    case boolean(Bool)
}

/// What a function adds to its invocation's log line. The last value set for a name counts.
///
/// At most 32 fields; more are dropped. Never put a client's text, a token or a key here.
public final class LogFields: Sendable {
    private struct State {
        var message: String?
        var fields: [(String, LogValue)] = []
        var level = LogLevel.info
    }

    private let state = Mutex(State())

    /// No fields.
    public init() {}

    /// The line's message where the invocation succeeds.
    public func message(_ text: String) { state.withLock { $0.message = text } }

    /// Makes the line a warning where the invocation succeeds all the same.
    public func warn() { state.withLock { $0.level = .warning } }

    /// Makes the line one for who debugs, where the invocation succeeds.
    public func detail() { state.withLock { $0.level = .debug } }

    /// The level of the line where the invocation succeeds.
    package var level: LogLevel { state.withLock { $0.level } }

    /// Sets a field.
    public func set(_ name: String, _ value: LogValue) {
        state.withLock { state in
            if let index = state.fields.firstIndex(where: { $0.0 == name }) {
                state.fields[index].1 = value
            } else if state.fields.count < 32 {
                if state.fields.isEmpty { state.fields.reserveCapacity(8) }
                state.fields.append((name, value))
            }
        }
    }

    /// Sets a text field.
    public func set(_ name: String, _ value: String) { set(name, .string(value)) }

    /// Forgets all: what a run said that came to nothing.
    package func clear() { state.withLock { $0 = State() } }

    package var taken: (message: String?, fields: [(String, LogValue)]) {
        state.withLock { ($0.message, $0.fields) }
    }
}
