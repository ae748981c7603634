public import Base

/// Structured log lines: one JSON object a line, or a readable form for a terminal.
public struct Log: Sendable {
    /// How lines are written.
    public enum Format: Sendable {
        /// One JSON object a line.
        case json
        /// For a person; with colours.
        case terminal
    }

    private let level: LogLevel?
    private let format: Format
    private let sink: any LogSink

    /// Lines of `level` and above go to `sink`; nil: none do.
    public init(level: LogLevel?, format: Format, sink: any LogSink) {
        self.level = level
        self.format = format
        self.sink = sink
    }

    /// Where nothing is written.
    package static let none = Log(level: nil, format: .json, sink: Nowhere())

    private struct Nowhere: LogSink {
        func write(_ line: LogLine) {}
    }

    /// Whether lines of this level are written.
    public func isEnabled(_ level: LogLevel) -> Bool { self.level.map { level >= $0 } ?? false }

    /// Writes a line, if its level is enabled. Names must be plain words; values may be anything.
    public func write(
        _ level: LogLevel, _ message: String, _ fields: [(String, LogValue)] = [], at time: Timestamp
    ) {
        guard isEnabled(level) else { return }
        sink.write(LogLine(level: level, message: message, fields: fields, time: time, format: format))
    }
}

/// Where log lines go.
public protocol LogSink: Sendable {
    /// Takes a line; `line.text` ends with its line break. Must not block.
    func write(_ line: LogLine)
}
