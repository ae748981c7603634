import Base
import Runtime
import Testing

@Suite struct SeededRandomTests {
    @Test func theNumbers_areThoseOfSplitMix64() {
        // The reference implementation's, by S. Vigna.
        var random = SeededRandom(seed: 1_234_567)
        let numbers = (0..<5).map { _ in random.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func identifiers_haveTheFormOfAULID() {
        var random = SeededRandom(seed: 7)
        let id = random.identifier("action", at: Timestamp(milliseconds: 1_469_918_176_385))
        #expect(id.hasPrefix("action_"))
        #expect(id.utf8.count == "action_".utf8.count + 26)
        #expect(id.dropFirst(7).prefix(10) == timePart(1_469_918_176_385))
        #expect(id.dropFirst(7).allSatisfy { "0123456789abcdefghjkmnpqrstvwxyz".contains($0) })
    }

    /// 48 bits as ten digits of base 32, by division.
    private func timePart(_ milliseconds: Int) -> String {
        let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
        var (rest, text) = (milliseconds, "")
        for _ in 0..<10 {
            text = String(digits[rest % 32]) + text
            rest /= 32
        }
        return text
    }

    @Test func identifiers_sortByTime() {
        let seed: UInt64 = 99
        var random = SeededRandom(seed: seed)
        var time = Timestamp(milliseconds: 0)
        var last = ""
        for _ in 0..<500 {
            time = time + .milliseconds(Int64(random.next() % (1 << 38)) + 1)
            let id = random.identifier("x", at: time)
            #expect(last < id, "seed \(seed)")
            last = id
        }
        for milliseconds in [Int64.min, -1, .max] {
            #expect(random.identifier("x", at: Timestamp(milliseconds: milliseconds)).utf8.count == 28)
        }
    }

    @Test func identifiers_ofOneMillisecond_differ() {
        var random = SeededRandom(seed: 1)
        let ids = (0..<10_000).map { _ in random.identifier("x", at: Timestamp(milliseconds: 5)) }
        #expect(Set(ids).count == ids.count)
    }
}
