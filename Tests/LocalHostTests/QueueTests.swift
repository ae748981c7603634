@testable import Net
import Runtime
import Testing

@testable import LocalHost

/// Turns and deadlines: pure queues of the host.
@Suite struct QueueTests {
    @Test func turns_areTakenUpToTheirNumber_thenInTheOrderOfWaiting() {
        var turns = Turns<Int>()
        let taken = (0..<3).map { _ in turns.take("a", of: 2) }
        #expect(taken == [true, true, false])
        for waiter in 1...200 { turns.wait("a", waiter) }
        let other = turns.take("b")
        #expect(other && turns.waiting == 200)
        let woken = (1...200).map { _ in turns.leave("a") }
        #expect(woken == (1...200).map { $0 })
        #expect(turns.waiting == 0 && turns.isTaken("a"))
        let rest = (0..<2).map { _ in turns.leave("a") }
        #expect(rest == [nil, nil] && !turns.isTaken("a") && turns.isTaken("b"))
    }

    private static func due(_ queue: inout DeadlineQueue, _ now: Duration) -> [DeadlineQueue.Key] {
        var due: [DeadlineQueue.Key] = []
        while let key = queue.takeDue(now) { due.append(key) }
        return due
    }

    @Test func deadlines_comeInOrder_andEachKeyOnce() {
        var queue = DeadlineQueue()
        queue.plan(1, by: .seconds(5))
        queue.plan(101, by: .seconds(3))
        queue.plan(1, by: .seconds(9))
        queue.plan(2, by: .seconds(4))
        queue.plan(2, by: .seconds(1))
        let early = Self.due(&queue, .milliseconds(999))
        let next = queue.next
        let late = Self.due(&queue, .seconds(10))
        #expect(early == [] && next == .seconds(1))
        #expect(late == [2, 101, 1])
    }

    @Test func deadlines_ofManyWhoGo_areNotKept() {
        var queue = DeadlineQueue()
        for id in 0..<10_000 as Range<UInt64> { queue.plan(id, by: .milliseconds(id)) }
        for id in 0..<10_000 as Range<UInt64> where id % 100 != 7 { queue.forget(id) }
        let due = Self.due(&queue, .seconds(100))
        #expect(due == stride(from: 7, to: 10_000, by: 100).map { UInt64($0) })
    }

    @Test func heap_givesTheLeastFirst_inAnyOrderOfComing() {
        let seed = UInt64(7)
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let numbers = (0..<50).map { _ in random.next() % 40 }
            var heap = Heap<UInt64>()
            for number in numbers { heap.insert(number) }
            if random.next() % 2 == 0 { heap.removeAll { $0 % 3 == 0 } }
            let expected = numbers.sorted().filter { number in heap.count == 50 || number % 3 != 0 }
            let taken = (0..<heap.count).compactMap { _ in heap.removeFirst() }
            #expect(taken == expected, "seed \(seed)")
            let none = heap.removeFirst()
            #expect(none == nil)
        }
    }
}
