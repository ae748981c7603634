@testable import Net
import Base
import Runtime
import Synchronization
import Testing

@testable import LocalHost

@Suite struct TimerQueueTests {
    @Test func queue_agreesWithASortedList_whateverIsAddedAndRemoved() {
        for seed in UInt64(1)...20 {
            var random = SeededRandom(seed: seed)
            var queue = TimerQueue()
            var naive: [(deadline: ContinuousClock.Instant, id: TimerID)] = []
            let start = ContinuousClock.now
            let fired = Mutex<[UInt64]>([])
            var label: UInt64 = 0
            var labels: [TimerID: UInt64] = [:]
            for _ in 0..<600 {
                switch random.next() % 4 {
                case 0, 1:
                    let deadline = start + .milliseconds(Int(random.next() % 50))
                    label += 1
                    let id = queue.add(deadline) { [label] in fired.withLock { $0.append(label) } }
                    labels[id] = label
                    naive.append((deadline, id))
                case 2:
                    guard !naive.isEmpty else { continue }
                    let index = Int(random.next() % UInt64(naive.count))
                    queue.remove(naive.remove(at: index).id)
                default:
                    let now = start + .milliseconds(Int(random.next() % 50))
                    var expected: [UInt64] = []
                    while let first = naive.enumerated().min(by: {
                        ($0.1.deadline, $0.0) < ($1.1.deadline, $1.0)
                    }),
                        first.element.deadline <= now
                    {
                        expected.append(labels[naive.remove(at: first.offset).id] ?? 0)
                    }
                    while let action = queue.takeDue(now) { action() }
                    let got = fired.withLock { fired in
                        defer { fired = [] }
                        return fired
                    }
                    #expect(got == expected, "seed \(seed)")
                }
                #expect(queue.isEmpty == naive.isEmpty, "seed \(seed)")
                #expect(queue.nextDeadline == naive.map(\.deadline).min(), "seed \(seed)")
            }
        }
    }

    @Test func manyCancelledTimers_leaveTheOthersInOrder() {
        var queue = TimerQueue()
        let start = ContinuousClock.now
        let fired = Mutex<[Int]>([])
        var ids: [TimerID] = []
        for index in 0..<1_000 {
            ids.append(queue.add(start + .seconds(1_000 - index)) { fired.withLock { $0.append(index) } })
        }
        for (index, id) in ids.enumerated() where index % 10 != 0 { queue.remove(id) }
        while let action = queue.takeDue(start + .seconds(2_000)) { action() }
        #expect(fired.withLock { $0 } == stride(from: 990, through: 0, by: -10).map { $0 })
        #expect(queue.isEmpty)
    }

    @Test func removingATimerThatIsGone_changesNothing() {
        var queue = TimerQueue()
        let id = queue.add(.now) {}
        queue.remove(id)
        queue.remove(id)
        queue.remove(TimerID(value: 99))
        #expect(queue.isEmpty && queue.nextDeadline == nil)
    }
}
