internal import Net

/// Tasks that a stop waits for. Belongs to the loop's thread.
final class TasksUnderWay {
    private let loop: EventLoop
    private(set) var count = 0

    init(_ loop: EventLoop) { self.loop = loop }

    @discardableResult
    func start(_ work: @escaping () async -> Void) -> Task<Void, Never> {
        count += 1
        return loop.createTask {
            await work()
            self.count -= 1
        }
    }
}
