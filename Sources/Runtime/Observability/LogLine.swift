internal import Base

/// One line of a log, before it is text: it becomes that where it is written, not where it is logged.
public struct LogLine: Sendable {
    let level: LogLevel
    let message: String
    let fields: [(String, LogValue)]
    let time: Timestamp
    let format: Log.Format

    /// The line as it is written, its line break included.
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the line as it is written.
    func append(to bytes: inout [UInt8]) {
        switch format {
        case .json: appendJSON(to: &bytes)
        case .terminal: bytes.append(utf8: terminal)
        }
    }

    /// About as many bytes as `text` has.
    var estimatedBytes: Int {
        fields.reduce(96 + message.utf8.count) { sum, field in
            guard case .string(let text) = field.1 else { return sum + field.0.utf8.count + 16 }
            return sum + field.0.utf8.count + text.utf8.count + 8
        }
    }

    private func appendJSON(to line: inout [UInt8]) {
        line.append(utf8: #"{"time":""#)
        line.append(utf8: time.rfc3339)
        line.append(utf8: #"","level":""#)
        line.append(utf8: level.rawValue)
        line.append(utf8: #"","message":"#)
        JSONScanner.appendQuoted(message, to: &line)
        for (name, value) in fields {
            line.append(utf8: ",\"")
            line.append(utf8: name)
            line.append(utf8: "\":")
            switch value {
            case .string(let text): JSONScanner.appendQuoted(text, to: &line)
            case .integer(let number): line.append(utf8: String(number))
            case .number(let number): line.append(utf8: number.isFinite ? String(number) : "null")
            case .boolean(let flag): line.append(utf8: flag ? "true" : "false")
            }
        }
        line.append(utf8: "}\n")
    }

    private var terminal: String {
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
