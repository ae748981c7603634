import Runtime
import TestSupport
import Testing

@testable import LocalHost

/// A value whose mutating methods an expectation may call.
private final class Box<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

extension Box where Value == AddressRates {
    var count: Int { value.count }
    func take(_ address: String, at now: Duration) -> Duration? { value.take(address, at: now) }
}

extension Box where Value == SharedPlaces {
    var count: Int { value.count }
    func count(of address: String) -> Int { value.count(of: address) }
    func take(_ id: UInt64, by address: String) { value.take(id, by: address) }
    func leave(_ id: UInt64) { value.leave(id) }
    func oldest(of address: String? = nil) -> UInt64? { value.oldest(of: address) }
}

extension Box where Value == TurnCredit {
    func isLeft(perTurn: Int, in turn: Int) -> Bool { value.isLeft(perTurn: perTurn, in: turn) }
    func spend(_ cost: Int) { value.spend(cost) }
}

extension Box where Value == Pace {
    func spend(_ cost: Int, at now: Duration, _ limit: Pace.Limit) -> Duration? {
        value.spend(cost, at: now, limit)
    }
}

extension Box where Value == MemoryLedger {
    var total: Int { value.total }
    var isExceeded: Bool { value.isExceeded }
    var largest: UInt64? { value.largest }
    func held(by id: UInt64) -> Int { value.held(by: id) }
    func note(_ id: UInt64, _ bytes: Int, least: Int = 0) { value.note(id, bytes, least: least) }
    func isOver(peakOf bytes: Int) -> Bool { value.isOver(peakOf: bytes) }
}

@Suite struct AddressRatesTests {
    private let rate = Rate(count: 10, window: .seconds(5))

    @Test func asManyAtOnceAsTheRateCounts_andThenAsTheTimePasses() {
        let rates = Box(AddressRates(rate, capacity: 100))
        for _ in 0..<10 { #expect(rates.take("a", at: .seconds(1)) == nil) }
        // One each half second.
        #expect(rates.take("a", at: .seconds(1)) == .milliseconds(500))
        #expect(rates.take("a", at: .milliseconds(1_250)) == .milliseconds(250))
        #expect(rates.take("a", at: .milliseconds(1_500)) == nil)
        #expect(rates.take("a", at: .milliseconds(1_500)) != nil)
        #expect(rates.take("b", at: .milliseconds(1_500)) == nil)
    }

    @Test func whoWaited_hasNoMoreThanTheRateCounts() {
        let rates = Box(AddressRates(rate, capacity: 100))
        for hour in 0..<3 {
            let now = Duration.seconds(hour * 3_600)
            for _ in 0..<10 { #expect(rates.take("a", at: now) == nil) }
            #expect(rates.take("a", at: now) != nil)
        }
    }

    @Test func whatIsSpent_isNotForgottenWhenAWindowEnds() {
        let rates = Box(AddressRates(rate, capacity: 100))
        #expect(rates.take("a", at: .zero) == nil)
        for _ in 0..<10 { _ = rates.take("a", at: .milliseconds(4_900)) }
        #expect(rates.take("a", at: .milliseconds(5_000)) != nil)
        #expect(rates.take("a", at: .milliseconds(5_100)) != nil)
    }

    @Test func addresses_areForgotten_andNeverMoreThanTheCapacity() {
        let rates = Box(AddressRates(rate, capacity: 100))
        for number in 0..<10_000 { _ = rates.take("a\(number)", at: .zero) }
        #expect(rates.count <= 101)
        // Those that it did not know share one bucket.
        #expect(rates.take("b", at: .zero) != nil)
        #expect(rates.take("a0", at: .zero) == nil)
        _ = rates.take("c", at: .seconds(6))
        _ = rates.take("c", at: .seconds(12))
        #expect(rates.count <= 2)
        #expect(rates.take("b", at: .seconds(12)) == nil)
    }

    @Test func aClockThatGoesBack_givesNothing() {
        let rates = Box(AddressRates(rate, capacity: 100))
        for _ in 0..<10 { _ = rates.take("a", at: .seconds(9)) }
        #expect(rates.take("a", at: .seconds(1)) != nil)
    }
}

@Suite struct SharedPlacesTests {
    /// As many as come until one is not admitted.
    private func fill(_ places: inout SharedPlaces, _ address: String, of all: Int, from first: UInt64) -> Int
    {
        var count = 0
        while places.admits(address, free: all - places.count) {
            places.take(first + UInt64(count), by: address)
            count += 1
        }
        return count
    }

    @Test(arguments: [1, 3, 9])
    func one_getsItsShare_andThoseWhoComeAfterStillFindSome(share: Int) {
        var places = SharedPlaces(share: share)
        let all = 10_000
        let first = fill(&places, "a", of: all, from: 0)
        #expect(abs(first - all * share / (share + 1)) <= share)
        // Each that comes finds its share of what is left, and there always is something left.
        for number in 1...3 {
            let got = fill(&places, "b\(number)", of: all, from: UInt64(number) * 100_000)
            #expect(got > 0)
            #expect(places.count < all)
        }
        // Where the first has given some back, others have them, not it alone.
        for id in 0..<UInt64(first / 2) { places.leave(id) }
        #expect(places.admits("c", free: all - places.count))
    }

    @Test func oldest_isWhoCameFirst_ofThoseStillThere() {
        let places = Box(SharedPlaces(share: 1))
        for id in UInt64(1)...6 { places.take(id, by: id.isMultiple(of: 2) ? "even" : "odd") }
        #expect(places.oldest() == 1)
        #expect(places.oldest(of: "even") == 2)
        places.leave(1)
        places.leave(2)
        #expect(places.oldest() == 3)
        #expect(places.oldest(of: "even") == 4)
        // Who comes back is the youngest.
        places.take(1, by: "odd")
        #expect(places.oldest() == 3)
        places.leave(3)
        places.leave(5)
        #expect(places.oldest(of: "odd") == 1)
        for id in UInt64(1)...6 { places.leave(id) }
        #expect(places.oldest() == nil)
        #expect(places.oldest(of: "odd") == nil)
        #expect(places.count == 0)
    }

    @Test func anyOrder_countsAndAgesAreThoseOfAList() {
        let seed: UInt64 = 0x7368_6172
        var random = SeededRandom(seed: seed)
        let places = Box(SharedPlaces(share: 2))
        var list: [(id: UInt64, address: String)] = []
        for _ in 0..<20_000 {
            let id = random.next() % 64
            let address = "a\(id % 5)"
            if random.next() % 2 == 0 {
                places.take(id, by: address)
                if !list.contains(where: { $0.id == id }) { list.append((id, address)) }
            } else {
                places.leave(id)
                list.removeAll { $0.id == id }
            }
            let some = "a\(random.next() % 6)"
            #expect(places.count == list.count, "seed \(seed)")
            #expect(places.oldest() == list.first?.id, "seed \(seed)")
            #expect(places.count(of: some) == list.filter { $0.address == some }.count, "seed \(seed)")
            #expect(places.oldest(of: some) == list.first { $0.address == some }?.id, "seed \(seed)")
        }
    }
}

@Suite struct TurnCreditTests {
    @Test func whatIsSpent_isThereAgainInTheNextTurn_andNoMore() {
        let credit = Box(TurnCredit(perTurn: 100, turn: 7))
        #expect(credit.isLeft(perTurn: 100, in: 7))
        credit.spend(100)
        #expect(!credit.isLeft(perTurn: 100, in: 7))
        #expect(credit.isLeft(perTurn: 100, in: 1_000))
        credit.spend(100)
        #expect(!credit.isLeft(perTurn: 100, in: 1_000))
    }

    @Test func aDebt_isPaidInTheTurnsThatFollow() {
        let credit = Box(TurnCredit(perTurn: 100, turn: 0))
        credit.spend(1_000)
        for turn in 0...9 { #expect(!credit.isLeft(perTurn: 100, in: turn), "\(turn)") }
        #expect(credit.isLeft(perTurn: 100, in: 10))
    }

    @Test func absurdNumbers_doNotTrap() {
        let credit = Box(TurnCredit(perTurn: 100, turn: .max))
        #expect(credit.isLeft(perTurn: .max, in: .min))
        credit.spend(.max)
        credit.spend(.max)
        credit.spend(.max)
        credit.spend(-1)
        #expect(!credit.isLeft(perTurn: 1, in: .min + 1))
        #expect(credit.isLeft(perTurn: .max, in: .min + 4))
    }
}

@Suite struct PaceTests {
    private let limit = Pace.Limit(burst: 100, perSecond: 1_000)

    @Test func whoIsTooFast_restsUntilAllIsPaidFor() {
        let pace = Box(Pace())
        for _ in 0..<9 { #expect(pace.spend(10, at: .seconds(5), limit) == nil) }
        #expect(pace.spend(10, at: .seconds(5), limit) == .milliseconds(100))
        #expect(pace.spend(10, at: .milliseconds(5_100), limit) == nil)
    }

    @Test func whoKeepsToIt_neverRests_butPaysForWhatIsLargeAtOnce() {
        let pace = Box(Pace())
        for turn in 0..<1_000 {
            #expect(pace.spend(10, at: .milliseconds(10 * turn), limit) == nil, "\(turn)")
        }
        #expect(pace.spend(2_000, at: .seconds(20), limit) == .seconds(2))
    }

    @Test func aClockThatStandsOrGoesBack_andAnyCost_areNoTrap() {
        let pace = Box(Pace())
        #expect(pace.spend(.max, at: .seconds(9), Pace.Limit(burst: 1, perSecond: 0)) == .seconds(60))
        #expect(pace.spend(-5, at: .seconds(1), limit) == .seconds(60))
        #expect(pace.spend(.max, at: .seconds(Int64.max / 2), limit) != nil)
    }
}

@Suite struct MemoryLedgerTests {
    @Test func theTotal_isThatOfTheLastNotes_inAnyOrder() {
        let seed: UInt64 = 0x6c65_6467
        var random = SeededRandom(seed: seed)
        let ledger = Box(MemoryLedger(limit: 1_000))
        var held: [UInt64: Int] = [:]
        for _ in 0..<20_000 {
            let id = random.next() % 32
            let bytes = Int(random.next() % 100)
            ledger.note(id, bytes, least: 10)
            held[id] = bytes <= 10 ? nil : bytes
            #expect(ledger.total == held.values.reduce(0, +), "seed \(seed)")
            #expect(ledger.isExceeded == (ledger.total > 1_000))
            if let largest = ledger.largest { #expect(ledger.held(by: largest) == held.values.max()) }
        }
    }

    @Test func aPeak_isOverOnce() {
        let ledger = Box(MemoryLedger(limit: 1_000))
        ledger.note(1, 800)
        #expect(!ledger.isOver(peakOf: 500))
        ledger.note(1, 300)
        #expect(!ledger.isOver(peakOf: 500))
        ledger.note(1, 0)
        #expect(ledger.isOver(peakOf: 500))
        #expect(!ledger.isOver(peakOf: 500))
        ledger.note(2, 499)
        ledger.note(2, 0)
        #expect(!ledger.isOver(peakOf: 500))
    }
}
