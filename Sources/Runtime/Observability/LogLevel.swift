/// How important a log line is.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    /// Reads `LOG_LEVEL`, in any case; `WARN` and `CRITICAL` are taken too. Nil for an unknown word.
    public init?(name: String) {
        switch name.lowercased() {
        case "warn": self = .warning
        case "critical", "fatal": self = .error
        case let name: self.init(rawValue: name)
        }
    }

    private var rank: Int { LogLevel.allCases.firstIndex(of: self) ?? 0 }

    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}
