internal import FoundationEssentials
public import Runtime
internal import Synchronization

/// Keeps the log's lines for a test to look at.
public final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])

    /// No lines yet.
    public init() {}

    public func write(_ line: LogLine) { lines.withLock { $0.append(line.text) } }

    /// Every line, in order.
    public var all: [String] { lines.withLock { $0 } }

    /// The last line as JSON; empty where it is none.
    public var last: [String: JSONValue] {
        guard let line = all.last else { return [:] }
        return (try? JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))) ?? [:]
    }
}
