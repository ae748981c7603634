import Testing

@testable import Command

@Suite struct SupervisorTests {
    /// A supervisor of which all workers serve since the beginning of time.
    static func serving(_ count: Int) -> Supervisor {
        var supervisor = Supervisor(workers: count, patience: .seconds(20))
        _ = supervisor.begin(at: .zero)
        for worker in 0..<count { _ = supervisor.serves(worker) }
        return supervisor
    }

    @Test func allServe_isSaidOnce_whenTheLastOneDoes() {
        var supervisor = Supervisor(workers: 3, patience: .seconds(20))
        #expect(supervisor.begin(at: .zero) == [.start(0), .start(1), .start(2)])
        #expect(supervisor.serves(1) == [] && supervisor.serves(1) == [] && supervisor.serves(0) == [])
        #expect(supervisor.serves(2) == [.announce])
        #expect(supervisor.serves(2) == [] && supervisor.serves(3) == [] && supervisor.serves(-1) == [])
        #expect(supervisor.nextDeadline == nil)
        #expect(supervisor.passed(to: .seconds(1_000)) == [])
    }

    @Test func workerThatDies_isStartedAgain_afterAMoment() {
        var supervisor = Self.serving(2)
        let death = Supervisor.Ending.killed(signal: 9)
        #expect(
            supervisor.ended(1, death, at: .seconds(5)) == [.reportEnd(1, death, again: .milliseconds(100))])
        #expect(supervisor.ended(1, death, at: .seconds(5)) == [])
        #expect(supervisor.nextDeadline == .milliseconds(5_100))
        #expect(supervisor.passed(to: .milliseconds(5_099)) == [])
        #expect(supervisor.passed(to: .milliseconds(5_100)) == [.start(1)])
        #expect(supervisor.nextDeadline == nil)
        #expect(supervisor.serves(1) == [.reportReturn(1)])
    }

    @Test func delay_doubles_upToItsLimit_andItsConnectionsGoToOthers() {
        var supervisor = Self.serving(2)
        var now = Duration.zero
        var delays: [Duration] = []
        for round in 0..<9 {
            let actions = supervisor.ended(0, .exited(1), at: now)
            #expect(actions.contains(.takeOut(0)) == (round > 0))
            guard case .reportEnd(0, .exited(1), let again?)? = actions.last else {
                Issue.record("\(actions)")
                return
            }
            delays.append(again)
            now += again
            #expect(supervisor.passed(to: now) == [.start(0)])
        }
        #expect(delays == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map { .milliseconds($0) })
    }

    @Test func delay_beginsAgain_afterASteadyMinute() {
        var supervisor = Self.serving(1)
        for (time, delay) in [(0, 100), (1, 200), (2, 400), (63, 100), (122, 200), (183, 100)] {
            let now = Duration.seconds(time)
            let report = Supervisor.Action.reportEnd(0, .exited(1), again: .milliseconds(delay))
            #expect(supervisor.ended(0, .exited(1), at: now).last == report)
            #expect(supervisor.passed(to: now + .milliseconds(delay)) == [.start(0)])
        }
    }

    @Test func workerThatEndsWithoutBeingAsked_isStartedAgain_howeverItEnded() {
        for ending in [Supervisor.Ending.exited(0), .exited(2), .killed(signal: 15), .failed(reason: "none")]
        {
            var supervisor = Self.serving(1)
            #expect(
                supervisor.ended(0, ending, at: .zero)
                    == [.reportEnd(0, ending, again: .milliseconds(100))])
        }
    }

    @Test func workerThatCannotStart_endsTheOthers() {
        var supervisor = Supervisor(workers: 3, patience: .seconds(20))
        _ = supervisor.begin(at: .zero)
        _ = supervisor.serves(0)
        #expect(
            supervisor.ended(1, .exited(1), at: .zero) == [.reportEnd(1, .exited(1), again: nil), .stop])
        #expect(supervisor.serves(2) == [])
        #expect(supervisor.ended(0, .exited(0), at: .zero) == [])
        #expect(supervisor.ended(2, .exited(0), at: .zero) == [.finish(unfinished: 1)])
    }

    @Test func noneThatCanBeStarted_isTheEnd() {
        var supervisor = Supervisor(workers: 1, patience: .seconds(20))
        _ = supervisor.begin(at: .zero)
        let failure = Supervisor.Ending.failed(reason: "no memory")
        #expect(
            supervisor.ended(0, failure, at: .zero)
                == [.reportEnd(0, failure, again: nil), .stop, .finish(unfinished: 1)])
    }

    @Test func stop_waitsForAll_andCountsThoseThatHadNotFinished() {
        var supervisor = Self.serving(3)
        #expect(supervisor.stopRequested(at: .seconds(7)) == [.stop])
        #expect(supervisor.nextDeadline == .seconds(27))
        #expect(supervisor.ended(2, .exited(0), at: .seconds(8)) == [])
        #expect(supervisor.ended(0, .exited(1), at: .seconds(8)) == [])
        #expect(supervisor.ended(1, .exited(0), at: .seconds(9)) == [.finish(unfinished: 1)])
    }

    @Test func stop_doesNotStartWhatIsWaiting() {
        var supervisor = Self.serving(2)
        _ = supervisor.ended(0, .killed(signal: 9), at: .zero)
        #expect(supervisor.stopRequested(at: .zero) == [.stop])
        #expect(supervisor.passed(to: .seconds(1)) == [])
        #expect(supervisor.ended(1, .exited(0), at: .seconds(1)) == [.finish(unfinished: 0)])
        var alone = Self.serving(1)
        _ = alone.ended(0, .killed(signal: 9), at: .zero)
        #expect(alone.stopRequested(at: .zero) == [.stop, .finish(unfinished: 0)])
    }

    @Test func secondStop_endsThemAtOnce() {
        var supervisor = Self.serving(1)
        _ = supervisor.stopRequested(at: .zero)
        #expect(supervisor.stopRequested(at: .seconds(1)) == [.kill])
        #expect(supervisor.nextDeadline == nil)
        #expect(supervisor.ended(0, .killed(signal: 9), at: .seconds(1)) == [.finish(unfinished: 1)])
    }

    @Test func stopThatTakesTooLong_endsThem() {
        var supervisor = Self.serving(1)
        _ = supervisor.stopRequested(at: .zero)
        #expect(supervisor.passed(to: .milliseconds(19_999)) == [])
        #expect(supervisor.passed(to: .seconds(20)) == [.kill])
        #expect(supervisor.passed(to: .seconds(21)) == [] && supervisor.nextDeadline == nil)
    }

    @Test func stopBeforeAllServe_isNoFailure() {
        var supervisor = Supervisor(workers: 2, patience: .seconds(20))
        _ = supervisor.begin(at: .zero)
        _ = supervisor.serves(0)
        #expect(supervisor.stopRequested(at: .zero) == [.stop])
        #expect(supervisor.serves(1) == [])
        #expect(supervisor.ended(0, .exited(0), at: .zero) == [])
        #expect(supervisor.ended(1, .exited(0), at: .zero) == [.finish(unfinished: 0)])
    }

    @Test func wrongUse_isToldBeforeAnythingIsStarted() throws {
        let program = try TestProgram()
        for workers in ["0", "65", "-1", "two", ""] {
            let run = program("serve", "--workers=\(workers)")
            #expect(run.status == 2)
            #expect(run.error.contains("--workers must be a whole number from 1 to 64"))
        }
        let run = program("serve", "--workers", "2", "--record", "r")
        #expect(run.status == 2)
        #expect(run.error.contains("--record takes one process"))
    }

    @Test(arguments: ["", "0:1:3:4:5:6", "0:1:2:3:4:5:6", "0:1:3:4:5:6:7:8"])
    func placeThatIsNone_isRefused(text: String) throws {
        let run = try TestProgram()("serve", "--workers", "2", environment: ["GESTALOKA_WORKER": text])
        #expect(run.status == 2)
        #expect(run.error.contains("GESTALOKA_WORKER is set"))
    }
}
