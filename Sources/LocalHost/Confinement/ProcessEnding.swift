internal import Base

/// How a process has ended, and what it has used.
package struct ProcessEnding: Sendable, Equatable {
    package enum Cause: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }
    package var cause: Cause
    /// The highest memory that was seen, in bytes; 0 where it ended before anybody looked.
    package var peakMemory: Int
    /// Of the process and the children for which it has waited.
    package var cpu: Duration
    /// The limit for which it was killed.
    package var breach: ProcessBreach?

    /// `exit code 1`, `signal 9 (Killed)`, or why it was killed.
    package var words: String {
        if let breach { return breach.words }
        return switch cause {
        case .exited(let status): "exit code \(status)"
        case .killed(let signal): "signal \(signal) (\(SignalName.words(signal)))"
        }
    }
}

/// What a process with all that it has started uses.
package struct ProcessUsage: Sendable, Equatable {
    /// The highest resident memory seen, in bytes, and that of now.
    package var peakMemory: Int
    package var memory: Int
    /// CPU time since its start.
    package var cpu: Duration
    package var processes: Int
    package var threads: Int
}

/// The limit that a process was over.
package enum ProcessBreach: Sendable, Equatable {
    /// Bytes.
    case memory(limit: Int, peak: Int)
    case cpu(limit: Duration)
    case processes(limit: Int)
    case threads(limit: Int)
    /// Bytes.
    case temporary(limit: Int)

    /// For a log and a problem's text.
    package var words: String {
        switch self {
        case .memory(let limit, let peak):
            "used \(Self.bytes(peak)) of memory, more than its \(Self.bytes(limit))"
        case .cpu(let limit): "used more than its \(Self.time(limit)) of CPU time"
        case .processes(let limit): "had more processes than its \(limit)"
        case .threads(let limit): "had more threads than its \(limit)"
        case .temporary(let limit):
            "had more in its temporary folder than \(Self.bytes(limit)), or than \(ConfinementLimits.temporaryEntries) files"
        }
    }

    private static func bytes(_ count: Int) -> String {
        count < 10 << 20 ? "\(count >> 10) KB" : "\(count >> 20) MB"
    }

    private static func time(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        return milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s"
    }
}
