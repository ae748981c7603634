@testable import Base
@testable import Ledger
import StoreSupport
import TestSupport
import Testing

@Suite struct RateWindowTests {
    static func rule(_ limit: Int, _ milliseconds: Int64) -> RateRule {
        RateRule(key: "k", limit: limit, window: .milliseconds(milliseconds))
    }

    @Test func hits_areAllowedUpToTheLimit_andAgainOnceTheOldestLeaves() {
        var window = RateWindow()
        let rule = Self.rule(2, 1_000)
        #expect(window.hit(rule, now: at(5_000)).isAllowed)
        let second = window.hit(rule, now: at(5_400))
        #expect(second.isAllowed && second.status.remaining == 0)
        #expect(second.status.resetAfter == .milliseconds(600))
        let third = window.hit(rule, now: at(5_999))
        #expect(!third.isAllowed && third.status.resetAfter == .milliseconds(1))
        #expect(window.hit(rule, now: at(6_000)).isAllowed)
        #expect(!window.hit(rule, now: at(6_000)).isAllowed)
    }

    @Test func noDoubleBurst_isAllowedAtABoundary_whateverItsOffset() {
        let rule = Self.rule(30, 60_000)
        for offset in stride(from: Int64(0), to: 120_000, by: 777) {
            var window = RateWindow()
            var times: [Int64] = []
            // A burst at the end of one fixed window, one at the start of the next.
            for now in [offset, offset + 1, offset + 59_999, offset + 60_000, offset + 60_001] {
                for _ in 0..<40 where window.hit(rule, now: at(now)).isAllowed { times.append(now) }
            }
            for start in times {
                #expect(times.count { $0 >= start && $0 < start + 60_000 } <= 30, "offset \(offset)")
            }
        }
    }

    @Test(arguments: [UInt64](1...40)) func movingWindow_equalsANaiveListOfTimes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let limit = Int.random(in: 1...20, using: &random)
        let length = Int64.random(in: 1...2_000, using: &random)
        let rule = Self.rule(limit, length)
        var window = RateWindow()
        var times: [Int64] = []
        var now: Int64 = Int64.random(in: 0...1 << 41, using: &random)
        for _ in 0..<500 {
            now += Int64.random(in: 0...max(1, 3 * length / Int64(limit)), using: &random)
            times.removeAll { $0 <= now - length }
            let isAllowed = times.count < limit
            if isAllowed { times.append(now) }
            let (answer, status) = window.hit(rule, now: at(now))
            #expect(answer == isAllowed, "seed \(seed)")
            #expect(status.remaining == limit - times.count, "seed \(seed)")
            #expect(status.resetAfter == .milliseconds((times.first ?? now) + length - now), "seed \(seed)")
            window = RateWindow(encoded: window.encoded)
        }
    }

    @Test(arguments: [UInt64](1...12)) func largeLimits_errOnlyTowardsRefusing(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let limit = Int.random(in: 513...3_000, using: &random)
        let length = Int64.random(in: 100...100_000, using: &random)
        let rule = Self.rule(limit, length)
        var window = RateWindow()
        var allowed: [Int64] = []
        var now = Int64.random(in: 0...1 << 41, using: &random)
        for _ in 0..<6_000 {
            now += Int64.random(in: 0...max(1, length / Int64(limit)), using: &random)
            if window.hit(rule, now: at(now)).isAllowed { allowed.append(now) }
        }
        var first = 0
        for (index, time) in allowed.enumerated() {
            while allowed[first] <= time - length { first += 1 }
            #expect(index - first + 1 <= limit, "seed \(seed)")
        }
        #expect(window.steps.count <= 1_024, "seed \(seed)")
        #expect(allowed.count >= limit, "seed \(seed)")
        // A step and a window later, all is forgotten.
        #expect(window.hit(rule, now: at(now + length + length / 512 + 1)).status.remaining == limit - 1)
    }

    @Test func clockSetBack_locksNobodyOutForLongerThanAWindow() {
        for limit in [3, 600] {
            var window = RateWindow()
            let rule = Self.rule(limit, 10_000)
            for _ in 0..<limit { #expect(window.hit(rule, now: at(9_000_000)).isAllowed) }
            #expect(!window.hit(rule, now: at(1_000_000)).isAllowed)
            #expect(!window.hit(rule, now: at(1_005_000)).isAllowed)
            #expect(window.hit(rule, now: at(1_010_000 + 20)).isAllowed)
        }
    }

    @Test func takeBack_undoesTheLastHit() {
        for limit in [3, 600] {
            var window = RateWindow()
            let rule = Self.rule(limit, 10_000)
            _ = window.hit(rule, now: at(1_000))
            let before = window
            _ = window.hit(rule, now: at(1_100))
            window.takeBack()
            #expect(window == before)
            window.takeBack()
            window.takeBack()
            #expect(window == RateWindow())
        }
    }

    @Test func garbage_readsAsAnEmptyWindow() {
        let step: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1]
        #expect(RateWindow(encoded: step).steps == [.init(time: 9, hits: 1)])
        #expect(RateWindow(encoded: step + [0]) == RateWindow())
        #expect(RateWindow(encoded: [UInt8](repeating: 255, count: 12)) == RateWindow())
        #expect(RateWindow(encoded: [UInt8](repeating: 0, count: 12)) == RateWindow(), "a step without hits")
        let earlier: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1]
        #expect(RateWindow(encoded: step + earlier) == RateWindow(), "time runs backwards")
    }

    @Test func noBytesOrTimes_leadToATrap() {
        let seed: UInt64 = 0x5EED
        var random = SplitMix64(seed: seed)
        let times: [Int64] = [.min, -1, 0, 1, 1 << 60, 1 << 61, .max]
        let windows: [Duration] = [.zero, .milliseconds(1), .seconds(60), .seconds(Int64.max), .seconds(-5)]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...60, using: &random)
            let isSmall = Bool.random(using: &random)
            let bytes = (0..<count).map { index in
                UInt8.random(in: isSmall && index % 12 < 7 ? 0...0 : 0...255, using: &random)
            }
            var window = RateWindow(encoded: bytes)
            for time in times {
                for length in windows {
                    for limit in [Int.min, 0, 1, 513, Int.max] {
                        let rule = RateRule(key: "k", limit: limit, window: length)
                        let (isAllowed, status) = window.hit(rule, now: at(time))
                        #expect(!isAllowed || limit > 0, "seed \(seed)")
                        #expect(status.resetAfter >= .zero && status.remaining >= 0, "seed \(seed)")
                        _ = window.expiry(rule)
                    }
                }
            }
        }
    }
}
