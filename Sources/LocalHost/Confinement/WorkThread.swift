internal import Base
internal import Synchronization

/// A thread that does work in the order in which it is given, for as long as the host lives.
final class WorkThread: Sendable {
    private let work = Mutex<[@Sendable () -> Void]>([])
    private let bell: Bell

    /// `name` is at most 15 bytes.
    init(named name: String) throws(SystemError) {
        bell = try Bell()
        try SystemThread(named: name) { [self] in
            while true {
                let work = work.withLock { work in
                    defer { work = [] }
                    return work
                }
                for piece in work { piece() }
                if work.isEmpty { bell.wait() }
            }
        }.detach()
    }

    func run(_ piece: @escaping @Sendable () -> Void) {
        work.withLock { $0.append(piece) }
        bell.ring()
    }
}
