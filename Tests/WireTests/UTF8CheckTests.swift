import TestSupport
import Testing

@testable import Wire

@Suite struct UTF8CheckTests {
    private func take(_ bytes: [UInt8], _ check: inout UTF8Check) -> Bool { check.take(bytes.span) }

    /// How many octets could be taken; all where none is wrong.
    private func taken(_ bytes: [UInt8]) -> Int {
        var check = UTF8Check()
        for index in bytes.indices where !take([bytes[index]], &check) { return index }
        return bytes.count
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x61], 1), ([0x80], 0), ([0xC0, 0x80], 0), ([0xC1], 0), ([0xC2, 0x41], 1),
            ([0xE0, 0x9F], 1), ([0xE5, 0x9F, 0x41], 2), ([0xED, 0xA0], 1), ([0xEF, 0xBF, 0xC0], 2),
            ([0xF0, 0x8F], 1), ([0xF4, 0x90], 1), ([0xF5], 0), ([0xF4, 0x8F, 0xBF, 0xFF], 3),
        ] as [([UInt8], Int)])
    func firstWrongOctet_isNoticed_whenItComes(bytes: [UInt8], index: Int) {
        #expect(taken(bytes) == index)
    }

    @Test func text_isTaken_atEveryCut() {
        let text = Array("a城é😀\u{10FFFF}\u{D7FF}\u{E000}\u{800}\u{10000}".utf8)
        for cut in 0...text.count {
            var check = UTF8Check()
            let first = take(Array(text[..<cut]), &check)
            let second = take(Array(text[cut...]), &check)
            #expect(first && second && check.isComplete)
        }
        var check = UTF8Check()
        let begun = take([0xE5], &check)
        #expect(begun && !check.isComplete)
    }

    @Test func judgement_isTheStandardLibrarys() {
        let seed: UInt64 = 0x7574_6638
        var generator = SplitMix64(seed: seed)
        let marks: [UInt8] = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEE, 0xF0, 0xF4]
        for round in 0..<20_000 {
            let bytes = (0..<4).map { _ in marks.randomElement(using: &generator) ?? 0 }
            var check = UTF8Check()
            let isText = take(bytes, &check) && check.isComplete
            #expect(
                isText == (String(validating: bytes, as: UTF8.self) != nil), "seed \(seed), round \(round)")
        }
    }
}
