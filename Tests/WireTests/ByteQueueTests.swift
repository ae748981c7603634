import Base
import TestSupport
import Testing
@testable import Wire

@Suite struct ByteQueueTests {
    @Test func line_isTaken_onceItsLineFeedArrives() {
        var queue = ByteQueue()
        queue.append("ab\r".utf8)
        guard case .incomplete = queue.takeLine(atMost: 2) else {
            Issue.record("a line without LF was taken")
            return
        }
        queue.append("\ncd".utf8)
        guard case .line(let range) = queue.takeLine(atMost: 2) else {
            Issue.record("no line")
            return
        }
        #expect(queue.storage[range].elementsEqual("ab".utf8))
        #expect(queue.take(9) == Array("cd".utf8))
        #expect(queue.isEmpty)
    }

    @Test func bytes_comeOutAsTheyWentIn_howeverTheyAreTaken() {
        let seed: UInt64 = 7
        var generator = SplitMix64(seed: seed)
        var queue = ByteQueue()
        var written: UInt8 = 0
        var read: UInt8 = 0
        for round in 0..<2000 {
            let count = Int.random(in: 0...300, using: &generator)
            queue.append((0..<count).map { written &+ UInt8(truncatingIfNeeded: $0) })
            written &+= UInt8(truncatingIfNeeded: count)
            for byte in queue.take(Int.random(in: -1...310, using: &generator)) {
                #expect(byte == read, "seed \(seed), round \(round)")
                read &+= 1
            }
        }
    }

    @Test func consumedBytes_areGivenUp_whileOthersWait() {
        var queue = ByteQueue()
        for _ in 0..<1000 {
            queue.append(Array(repeating: 1, count: 1000))
            queue.consume(queue.count - 1)
        }
        #expect(queue.storage.count < 16 * 1024)
    }

    @Test func largeStorage_isGivenBack_onceDrained() {
        var queue = ByteQueue()
        queue.append(Array(repeating: 1, count: 1_000_000))
        queue.consume(1_000_000)
        #expect(queue.storage.capacity <= ByteQueue.retainedBytes)
    }

    @Test func largeStorage_isGivenBack_onceLittleWaits() {
        var queue = ByteQueue()
        queue.append(Array(repeating: 1, count: 1_000_000) + [2, 3])
        queue.consume(500_000)
        #expect(queue.count == 500_002)
        queue.consume(500_000)
        #expect(queue.storage.capacity <= ByteQueue.retainedBytes)
        #expect(queue.take(2) == [2, 3])
    }
}
