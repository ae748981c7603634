public import Store
internal import Wire

/// Structured log lines: one JSON object a line, or a readable form for a terminal.
public struct Log: Sendable {
    /// How lines are written.
    public enum Format: Sendable {
        /// One JSON object a line.
        case json
        /// For a person; with colours.
        case terminal
    }

    private let level: LogLevel
    private let format: Format
    private let sink: any LogSink

    /// Lines of `level` and above go to `sink`.
    public init(level: LogLevel, format: Format, sink: any LogSink) {
        self.level = level
        self.format = format
        self.sink = sink
    }

    /// Whether lines of this level are written.
    public func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

    /// Writes a line, if its level is enabled. Names must be plain words; values may be anything.
    public func write(
        _ level: LogLevel, _ message: String, _ fields: [(String, LogValue)] = [], at time: Timestamp
    ) {
        guard isEnabled(level) else { return }
        switch format {
        case .json: sink.write(jsonLine(level, message, fields, time))
        case .terminal: sink.write(terminalLine(level, message, fields, time))
        }
    }

    private func jsonLine(
        _ level: LogLevel, _ message: String, _ fields: [(String, LogValue)], _ time: Timestamp
    ) -> String {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        line += #"{"time":""#.utf8
        line += time.rfc3339.utf8
        line += #"","level":""#.utf8
        line += level.rawValue.utf8
        line += #"","message":"#.utf8
        JSONScanner.appendQuoted(message, to: &line)
        for (name, value) in fields {
            line += ",\"".utf8
            line += name.utf8
            line += "\":".utf8
            switch value {
            case .string(let text): JSONScanner.appendQuoted(text, to: &line)
            case .integer(let number): line += String(number).utf8
            case .number(let number): line += (number.isFinite ? String(number) : "null").utf8
            case .boolean(let flag): line += (flag ? "true" : "false").utf8
            }
        }
        line += "}\n".utf8
        return String(decoding: line, as: UTF8.self)
    }

    private func terminalLine(
        _ level: LogLevel, _ message: String, _ fields: [(String, LogValue)], _ time: Timestamp
    ) -> String {
        let colour =
            switch level {
            case .debug: "\u{1b}[2m"
            case .info: "\u{1b}[32m"
            case .warning: "\u{1b}[33m"
            case .error: "\u{1b}[31m"
            }
        var line = "\u{1b}[2m\(time.rfc3339.dropFirst(11).dropLast(1))\u{1b}[0m \(colour)"
        line += level.rawValue.uppercased() + "\u{1b}[0m " + Self.printable(message)
        for (name, value) in fields where !["trace_id", "span_id", "success"].contains(name) {
            let text =
                switch value {
                case .string(let text): Self.printable(text)
                case .integer(let number): String(number)
                case .number(let number) where name == "duration":
                    "\((number * 100_000).rounded() / 100)ms"
                case .number(let number): String(number)
                case .boolean(let flag): String(flag)
                }
            line += " \u{1b}[2m\(name)=\u{1b}[0m\(text)"
        }
        return line + "\n"
    }

    /// A terminal must not obey what a caller sent: no escape sequences, no line that looks like another, no text
    /// that runs the other way.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: " "
                    default: scalar
                    }
                }))
    }
}

/// Where log lines go.
public protocol LogSink: Sendable {
    /// Takes a line, its line break included. Must not block.
    func write(_ line: String)
}
