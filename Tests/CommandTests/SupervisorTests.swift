import Testing

@testable import Command

@Suite struct SupervisorTests {
    /// One that waits for a stop for 20 s, and hears of a worker every 10 s.
    static func supervisor(_ count: Int) -> Supervisor {
        Supervisor(workers: count, patience: .seconds(20), silence: .seconds(10))
    }

    /// A supervisor of which all workers serve since the beginning of time.
    static func serving(_ count: Int) -> Supervisor {
        var supervisor = supervisor(count)
        _ = supervisor.begin(at: .zero)
        for worker in 0..<count { _ = supervisor.serves(worker, at: .zero) }
        return supervisor
    }

    @Test func theFirst_startsAlone_andAllServe_isSaidOnce_whenTheLastOneDoes() {
        var supervisor = Self.supervisor(3)
        #expect(supervisor.begin(at: .zero) == [.start(0)])
        #expect(supervisor.serves(1, at: .zero) == [])
        #expect(supervisor.serves(0, at: .zero) == [.start(1), .start(2)])
        #expect(supervisor.serves(0, at: .zero) == [] && supervisor.serves(2, at: .zero) == [])
        #expect(supervisor.serves(1, at: .zero) == [.announce])
        for worker in [1, 3, -1] { #expect(supervisor.serves(worker, at: .zero) == []) }
    }

    @Test func workerThatIsSilent_twiceInARow_isEnded() {
        var supervisor = Self.serving(2)
        #expect(supervisor.nextDeadline == .seconds(10))
        #expect(supervisor.serves(1, at: .seconds(9)) == [])
        #expect(supervisor.passed(to: .seconds(10)) == [])
        #expect(supervisor.nextDeadline == .seconds(20))
        #expect(supervisor.serves(1, at: .seconds(19)) == [])
        #expect(supervisor.passed(to: .milliseconds(19_999)) == [])
        #expect(supervisor.passed(to: .seconds(20)) == [.endSilent(0)])
        // Where it was not ended after all, it has as long again.
        #expect(supervisor.passed(to: .seconds(30)) == [])
        #expect(supervisor.passed(to: .seconds(40)) == [.endSilent(0), .endSilent(1)])
        let death = Supervisor.Ending.killed(signal: 9)
        #expect(supervisor.ended(0, death, at: .seconds(40)) == [.reportEnd(0, death, again: .zero)])
        #expect(supervisor.passed(to: .seconds(40)) == [.start(0)])
        #expect(supervisor.serves(0, at: .seconds(40)) == [.reportReturn(0)])
    }

    @Test func workerThatIsHeardOfInBetween_isNotEnded() {
        var supervisor = Self.serving(1)
        for time in stride(from: 10, through: 100, by: 20) {
            #expect(supervisor.passed(to: .seconds(time)) == [])
            #expect(supervisor.serves(0, at: .seconds(time + 1)) == [])
            #expect(supervisor.passed(to: .seconds(time + 10)) == [])
        }
    }

    /// This process was stopped itself, with its workers or without: it has looked once, and not as often as it would have.
    @Test func timeInWhichNobodyLooked_isOneSilence() {
        var supervisor = Self.serving(1)
        #expect(supervisor.passed(to: .seconds(100_000)) == [])
        #expect(supervisor.nextDeadline == .seconds(100_010))
        #expect(supervisor.serves(0, at: .seconds(100_001)) == [])
        #expect(supervisor.passed(to: .seconds(100_010)) == [])
        #expect(supervisor.passed(to: .seconds(100_020)) == [])
    }

    @Test func whoStarts_isStoppedOrWaits_isNotAskedForSigns() {
        var starting = Self.supervisor(2)
        _ = starting.begin(at: .zero)
        #expect(starting.nextDeadline == nil && starting.passed(to: .seconds(1_000)) == [])
        var stopping = Self.serving(1)
        _ = stopping.stopRequested(at: .zero)
        #expect(stopping.nextDeadline == .seconds(20) && stopping.passed(to: .seconds(19)) == [])
    }

    @Test func answering_isWhoHasSaidSoLately() {
        var supervisor = Self.supervisor(2)
        #expect(!supervisor.isAnswering(at: .zero, within: .seconds(1)))
        _ = supervisor.begin(at: .zero)
        _ = supervisor.serves(0, at: .zero)
        #expect(!supervisor.isAnswering(at: .zero, within: .seconds(1)))
        _ = supervisor.serves(1, at: .zero)
        #expect(supervisor.isAnswering(at: .seconds(1), within: .seconds(1)))
        _ = supervisor.serves(0, at: .seconds(2))
        #expect(!supervisor.isAnswering(at: .seconds(2), within: .seconds(1)))
        // One that is not there is being seen to; nobody that is there is nobody that answers.
        _ = supervisor.ended(1, .killed(signal: 9), at: .seconds(2))
        #expect(supervisor.isAnswering(at: .seconds(2), within: .seconds(1)))
        _ = supervisor.ended(0, .killed(signal: 9), at: .seconds(2))
        #expect(!supervisor.isAnswering(at: .seconds(2), within: .seconds(1)))
        _ = supervisor.stopRequested(at: .seconds(2))
        #expect(supervisor.isAnswering(at: .seconds(9), within: .seconds(1)))
    }

    @Test func workerThatDies_isStartedAgain_atOnce_andTheNextTimeAfterAMoment() {
        var supervisor = Self.serving(2)
        let death = Supervisor.Ending.killed(signal: 9)
        #expect(supervisor.ended(1, death, at: .seconds(5)) == [.reportEnd(1, death, again: .zero)])
        #expect(supervisor.ended(1, death, at: .seconds(5)) == [])
        #expect(supervisor.nextDeadline == .seconds(5))
        #expect(supervisor.passed(to: .seconds(5)) == [.start(1)])
        #expect(supervisor.serves(1, at: .seconds(5)) == [.reportReturn(1)])
        #expect(
            supervisor.ended(1, death, at: .seconds(6)) == [.reportEnd(1, death, again: .milliseconds(100))])
        #expect(supervisor.nextDeadline == .milliseconds(6_100))
        #expect(supervisor.passed(to: .milliseconds(6_099)) == [])
        #expect(supervisor.passed(to: .milliseconds(6_100)) == [.start(1)])
        // The word of one that ended is not taken for its successor's before that one is started.
        #expect(supervisor.ended(1, death, at: .seconds(7)).count == 2)
        #expect(supervisor.serves(1, at: .seconds(7)) == [])
    }

    @Test func delay_doubles_upToItsLimit_andItsConnectionsGoToOthers() {
        var supervisor = Self.serving(2)
        var now = Duration.zero
        var delays: [Duration] = []
        for round in 0..<10 {
            let actions = supervisor.ended(0, .exited(1), at: now)
            #expect(actions.contains(.takeOut(0)) == (round > 1))
            guard case .reportEnd(0, .exited(1), let again?)? = actions.last else {
                Issue.record("\(actions)")
                return
            }
            delays.append(again)
            now += again
            _ = supervisor.serves(1, at: now)
            #expect(supervisor.passed(to: now) == [.start(0)])
        }
        #expect(
            delays == [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000].map { .milliseconds($0) })
    }

    @Test func delay_beginsAgain_afterASteadyMinute() {
        var supervisor = Self.serving(1)
        for (time, delay) in [(0, 0), (1, 100), (2, 200), (63, 0), (122, 100), (183, 0)] {
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
                    == [.reportEnd(0, ending, again: .zero)])
        }
    }

    @Test func theFirst_tellsWhyItCannotStart_andTheOthersAreNotStarted() {
        for count in [1, 3] {
            var supervisor = Self.supervisor(count)
            _ = supervisor.begin(at: .zero)
            #expect(supervisor.ended(0, .exited(2), at: .zero) == [.follow(status: 2)])
        }
    }

    @Test func workerThatCannotStart_endsTheOthers() {
        var supervisor = Self.supervisor(3)
        _ = supervisor.begin(at: .zero)
        _ = supervisor.serves(0, at: .zero)
        #expect(
            supervisor.ended(1, .exited(1), at: .zero) == [.reportEnd(1, .exited(1), again: nil), .stop])
        #expect(supervisor.serves(2, at: .zero) == [])
        #expect(supervisor.ended(0, .exited(0), at: .zero) == [])
        #expect(supervisor.ended(2, .exited(0), at: .zero) == [.finish(unfinished: 1)])
    }

    @Test func noneThatCanBeStarted_isTheEnd() {
        var supervisor = Self.supervisor(1)
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

    @Test func stop_endsAsItsOnlyWorkerDoes_whichHasToldWhy() {
        var supervisor = Self.serving(1)
        _ = supervisor.stopRequested(at: .zero)
        #expect(supervisor.ended(0, .exited(1), at: .seconds(1)) == [.follow(status: 1)])
        var clean = Self.serving(1)
        _ = clean.stopRequested(at: .zero)
        #expect(clean.ended(0, .exited(0), at: .seconds(1)) == [.finish(unfinished: 0)])
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
        // The same one, that has come twice.
        #expect(supervisor.stopRequested(at: .milliseconds(499)) == [])
        #expect(supervisor.nextDeadline == .seconds(20))
        #expect(supervisor.stopRequested(at: .milliseconds(500)) == [.kill])
        #expect(supervisor.stopRequested(at: .seconds(1)) == [])
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
        var supervisor = Self.supervisor(2)
        _ = supervisor.begin(at: .zero)
        _ = supervisor.serves(0, at: .zero)
        #expect(supervisor.stopRequested(at: .zero) == [.stop])
        #expect(supervisor.serves(1, at: .zero) == [])
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
    }

    @Test(arguments: ["", "0:1:3:4:5:6", "0:1:1:2:3:4:5:6", "0:1:1:3:4:5:6:7:8:9"])
    func placeThatIsNone_isRefused(text: String) throws {
        for workers in ["1", "2"] {
            let run = try TestProgram()(
                "serve", "--workers", workers, environment: ["GESTALOKA_WORKER": text])
            #expect(run.status == 2)
            #expect(run.error.contains("GESTALOKA_WORKER is set"))
        }
    }
}
