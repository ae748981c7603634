import Base
@testable import Identity
@testable import Observability
import Runtime
import Synchronization
import Testing

@Suite struct SecretNumberTests {
    @Test func identifiers_haveAllOf128Bits_behindTheirTime() {
        let time = Timestamp(milliseconds: 1_469_918_176_385)
        let id = SecretNumber(high: .max, low: 0x0123_4567_89ab_cdef).identifier("session", at: time)
        var random = SeededRandom(seed: 1)
        #expect(id.prefix(18) == random.identifier("session", at: time).prefix(18))
        // 64 bits are 13 digits of five bits, of which the first has four.
        #expect(id.dropFirst(18) == "fzzzzzzzzzzzz" + "028t5cy4tqkff")
        #expect(id.utf8.count == "session_".utf8.count + 36)
    }

    @Test func identifiers_sortByTime() {
        var random = SeededRandom(seed: 5)
        var last = ""
        for milliseconds in stride(from: Int64(0), to: 1 << 47, by: 1 << 38) {
            let number = SecretNumber(high: random.next(), low: random.next())
            let id = number.identifier("x", at: Timestamp(milliseconds: milliseconds))
            #expect(last < id)
            last = id
        }
        for milliseconds in [Int64.min, -1, .max] {
            let id = SecretNumber(high: 0, low: 0).identifier("x", at: Timestamp(milliseconds: milliseconds))
            #expect(id.utf8.count == 38)
        }
    }

    @Test func hexadecimal_comesBack_andNothingElseIsTaken() {
        for number in [
            SecretNumber(high: 0, low: 0), SecretNumber(high: 1, low: .max),
            SecretNumber(high: .max, low: 0x10),
        ] {
            #expect(number.hexadecimal.utf8.count == 32)
            #expect(SecretNumber(hexadecimal: number.hexadecimal) == number)
        }
        let zeros = String(repeating: "0", count: 32)
        let texts: [String] = [
            "", "0", "\(zeros)0", "\(zeros.dropLast())", "+\(zeros.dropLast())", "\(zeros.dropLast())g",
            "-\(zeros.dropLast())", "\(zeros.dropLast())é", "\(zeros.dropLast(2))é",
            "\(zeros.dropLast(16))+\(zeros.dropLast(17))",
        ]
        for text in texts {
            #expect(SecretNumber(hexadecimal: text) == nil, "\(text)")
        }
    }

    @Test func sequence_isThatOfItsSeed() {
        var one = SecretSequence(SecretNumber(high: 1, low: 2))
        var same = SecretSequence(SecretNumber(high: 1, low: 2))
        var other = SecretSequence(SecretNumber(high: 1, low: 3))
        var seen: [SecretNumber] = []
        for _ in 0..<1_000 {
            let number = one.next()
            #expect(number != nil)
            #expect(number == same.next())
            if let number { seen.append(number) }
            if let number = other.next() { seen.append(number) }
        }
        #expect(Set(seen.map(\.hexadecimal)).count == 2_000)
        // HMAC-SHA-256 of "gestaloka ids" and a counter of eight bytes, as Python's hmac computes it.
        var known = SecretSequence(SecretNumber(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f))
        #expect(known.next()?.hexadecimal == "c15413431fd779986b0f0ba7474dff20")
        #expect(known.next()?.hexadecimal == "72e7f14b4d06b70c5672690c34e553ff")
    }

    @Test func bytes_areGivenOnce_andFetchedManyAtATime() {
        let random = Mutex((SeededRandom(seed: 9), calls: 0))
        let bytes = RandomBytes { count in
            random.withLock { random in
                random.calls += 1
                return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.0.next()) }
            }
        }
        let numbers = (0..<1_024).map { _ in bytes.next() }
        #expect(random.withLock { $0.calls } == 2)
        // In their order, eight bytes at a time.
        var same = SeededRandom(seed: 9)
        for number in numbers {
            #expect(number == (0..<8).reduce(UInt64(0)) { text, _ in text << 8 | same.next() & 0xff })
        }
    }

    @Test func bytes_thatAThreadHasGot_noOtherGets() async {
        let bytes = RandomBytes(Cryptography.secretBytes)
        let all = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<2_000).map { _ in bytes.nextSecret().hexadecimal } }
            }
            return await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        #expect(all.count == 16_000)
    }
}
