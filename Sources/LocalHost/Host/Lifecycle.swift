/// How far a host's life has come.
enum Lifecycle: Equatable {
    case serving
    /// Nothing new is begun; what is in flight is finished.
    case stopping
    /// It has waited for that as long as it may.
    case outOfTime
    /// It is over, and so many invocations were still running.
    case stopped(unfinished: Int)

    var isStopping: Bool { self != .serving }

    /// Whether what waits for its turn is to give up.
    var isOutOfTime: Bool {
        switch self {
        case .serving, .stopping: false
        case .outOfTime, .stopped: true
        }
    }
}
