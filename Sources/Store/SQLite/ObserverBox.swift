internal import Ledger
internal import Synchronization

/// The one who follows the store's commits, once there is one, and how far it has been told.
final class ObserverBox: Sendable {
    /// A struct around the closure: a closure of its own in a `Mutex` gets another layer of conversion with every
    /// access, and grows without end.
    private struct Observer {
        let tell: @Sendable (Committed) -> Void
    }

    private let observer = Mutex<Observer?>(nil)
    /// All up to this number of the store's order has been told.
    let published = Atomic<Int64>(0)
    /// Whether an operation already waits that will look for other processes' commits.
    let isCatchingUp = Atomic<Bool>(false)

    func set(_ observer: @escaping @Sendable (Committed) -> Void) {
        self.observer.withLock { $0 = Observer(tell: observer) }
    }

    func tell(_ committed: Committed) {
        let observer = observer.withLock { $0 }
        observer?.tell(committed)
    }
}
