import FoundationEssentials
import Runtime
import Synchronization

/// Keeps the log's lines for a test to look at.
final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])

    func write(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }

    /// The last line as JSON; empty where it is none.
    var last: [String: JSONValue] {
        guard let line = all.last else { return [:] }
        return (try? JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))) ?? [:]
    }
}
