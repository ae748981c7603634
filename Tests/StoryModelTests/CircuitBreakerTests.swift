import Testing

@testable import StoryModels

@Suite struct CircuitBreakerTests {
    private static let limits = CircuitBreaker.Limits(
        failures: 3, wait: .seconds(10), longestWait: .seconds(30))
    private var breaker = CircuitBreaker(limits: limits)

    private mutating func expect(
        _ isAdmitted: Bool, at time: Duration, _ place: SourceLocation = #_sourceLocation
    ) {
        let admits = breaker.admits(at: time)
        #expect(admits == isAdmitted, sourceLocation: place)
    }

    private mutating func fail(_ times: Int, at time: Duration) {
        for _ in 0..<times where breaker.admits(at: time) { breaker.failed(at: time) }
    }

    @Test mutating func aFewFailures_leaveItClosed_andASuccessForgetsThem() {
        for _ in 0..<5 {
            fail(2, at: .zero)
            expect(true, at: .zero)
            breaker.succeeded()
        }
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test mutating func failuresInARow_openIt_forItsTime() {
        fail(3, at: .seconds(1))
        #expect(breaker.state == .open(until: .seconds(11), wait: .seconds(10)))
        expect(false, at: .seconds(1))
        expect(false, at: .milliseconds(10_999))
    }

    @Test mutating func afterItsTime_oneRequestIsTried_andCloses() {
        fail(3, at: .zero)
        expect(true, at: .seconds(10))
        expect(false, at: .seconds(10))
        expect(false, at: .seconds(1_000))
        breaker.succeeded()
        expect(true, at: .seconds(10))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test mutating func aTrialThatFails_opensItForTwiceAsLong_upToALimit() {
        fail(3, at: .zero)
        var now = Duration.seconds(10)
        for wait in [20, 30, 30] {
            expect(true, at: now)
            breaker.failed(at: now)
            #expect(breaker.state == .open(until: now + .seconds(wait), wait: .seconds(wait)))
            expect(false, at: now + .seconds(wait) - .nanoseconds(1))
            now += .seconds(wait)
        }
    }

    @Test mutating func aTrialThatIsGivenUp_isFollowedByAnother() {
        fail(3, at: .zero)
        expect(true, at: .seconds(10))
        breaker.abandoned(at: .seconds(11))
        expect(true, at: .seconds(11))
    }

    @Test mutating func whatWasUnderWayWhenItOpened_changesNothing() {
        fail(3, at: .zero)
        let open = breaker.state
        breaker.failed(at: .seconds(1))
        breaker.abandoned(at: .seconds(1))
        #expect(breaker.state == open)
    }

    @Test mutating func aRequestGivenUp_isNoFailure() {
        for _ in 0..<100 {
            expect(true, at: .zero)
            breaker.abandoned(at: .zero)
        }
        #expect(breaker.state == .closed(failures: 0))
    }
}
