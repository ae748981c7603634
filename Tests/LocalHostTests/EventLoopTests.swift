import Net
import Base
import Ledger
@testable import LocalHost
import Runtime
import Synchronization
import Testing

@Suite struct EventLoopTests {
    struct Failure: Error, Equatable {}

    @Test func run_returnsWhatTheOperationReturns() throws {
        #expect(try EventLoop().run { 42 } == 42)
    }

    @Test func run_throwsWhatTheOperationThrows() throws {
        let loop = try EventLoop()
        #expect(throws: Failure()) { try loop.run { throw Failure() } }
    }

    @Test func tasks_runOnTheLoop_alsoBehindAnotherThreadsWork() throws {
        let loop = try EventLoop()
        let places = try loop.run {
            var places = [loop.isIsolatingCurrentContext()]
            for _ in 0..<100 {
                let thread = Mutex<SystemThread?>(nil)
                await withCheckedContinuation { continuation in
                    do {
                        let started = try SystemThread(named: "elsewhere") { continuation.resume() }
                        thread.withLock { $0 = started }
                    } catch { continuation.resume() }
                }
                thread.withLock { $0?.join() }
                places.append(loop.isIsolatingCurrentContext())
            }
            return places
        }
        #expect(places == Array(repeating: true, count: 101))
    }

    /// Runs a loop on a thread of its own while `body` runs.
    private func withLoop(_ body: (EventLoop) throws -> Void) throws {
        let loop = try EventLoop()
        let thread = try SystemThread(named: "test-loop") { loop.run() }
        defer {
            loop.stop()
            thread.join()
        }
        try body(loop)
    }

    @Test func timers_fireInTheOrderOfTheirDeadlines() throws {
        let record = try Record()
        try withLoop { loop in
            loop.perform {
                for delay in [30, 10, 20, 0, 10] {
                    _ = loop.schedule(after: .milliseconds(delay)) { record.add("\(delay)") }
                }
            }
            #expect(record.wait(for: 5) == ["0", "10", "10", "20", "30"])
        }
    }

    @Test func timerOfAnotherThread_wakesASleepingLoop_andCanBeCancelledFromThere() throws {
        let record = try Record()
        try withLoop { loop in
            for round in 0..<50 {
                let late = loop.schedule(after: .seconds(60)) { record.add("late") }
                let soon = loop.schedule(after: .milliseconds(1)) { record.add("\(round)") }
                loop.cancel(late)
                #expect(record.wait(for: round + 1).count == round + 1)
                loop.cancel(soon)
            }
            #expect(record.all == (0..<50).map(String.init))
        }
    }

    @Test func manyTimers_allFire_orAreCancelled() throws {
        let record = try Record()
        try withLoop { loop in
            for index in 0..<5_000 {
                let id = loop.schedule(after: .milliseconds(index % 7 + 20)) { record.add("\(index)") }
                if index % 2 == 1 { loop.cancel(id) }
            }
            _ = loop.schedule(after: .milliseconds(200)) { record.add("end") }
            let all = record.wait(for: 2_501)
            #expect(all.count == 2_501 && all.last == "end")
            #expect(all.dropLast().allSatisfy { Int($0).map { $0 % 2 == 0 } == true })
        }
    }

    @Test func timerThatSetsATimer_doesNotStarveTheLoop() throws {
        let record = try Record()
        try withLoop { loop in
            // Weakly: the last timer is still set when the loop ends.
            @Sendable func again(_ loop: EventLoop) {
                _ = loop.schedule(after: .zero) { [weak loop] in if let loop { again(loop) } }
            }
            again(loop)
            for index in 0..<20 {
                loop.perform { record.add("\(index)") }
                #expect(record.wait(for: index + 1).count == index + 1)
            }
        }
    }

    @Test func perform_fromManyThreads_runsEachOnce_andOfOneThreadInOrder() throws {
        let record = try Record()
        try withLoop { loop in
            let threads = try (0..<4).map { thread in
                try SystemThread(named: "caller") {
                    for index in 0..<500 { loop.perform { record.add("\(thread) \(index)") } }
                }
            }
            for thread in threads { thread.join() }
            let all = record.wait(for: 2_000)
            #expect(all.count == 2_000)
            for thread in 0..<4 {
                #expect(all.filter { $0.hasPrefix("\(thread) ") } == (0..<500).map { "\(thread) \($0)" })
            }
        }
    }

    @Test func stop_endsTheRun_andAnEarlierStopALaterRun() throws {
        let loop = try EventLoop()
        loop.stop()
        loop.run()
        try withLoop { _ in }
    }
}
