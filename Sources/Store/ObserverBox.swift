internal import Synchronization

/// The one who follows the store's commits, once there is one.
final class ObserverBox: Sendable {
    private let observer = Mutex<(@Sendable (Committed) -> Void)?>(nil)

    func set(_ observer: @escaping @Sendable (Committed) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    func tell(_ committed: Committed) {
        let observer = observer.withLock { $0 }
        observer?(committed)
    }
}
