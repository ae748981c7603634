import Testing

@testable import Functions
import Runtime

@Suite struct UnitTableTests {
    @Test(arguments: [
        ("500ms", 500), ("5s", 5000), ("2m", 120_000), ("1h", 3_600_000), ("1d", 86_400_000), ("0s", 0),
        ("5 s", 5000),
    ])
    func aDuration_isReadInMilliseconds(_ text: String, _ amount: Int) throws {
        #expect(try UnitTable.durations.amount(text) == amount)
    }

    @Test(arguments: [
        ("512", 512), ("512B", 512), ("16KiB", 16_384), ("1MB", 1_000_000), ("1MiB", 1_048_576),
        ("2GiB", 2 << 30),
    ])
    func aSize_isReadInBytes(_ text: String, _ amount: Int) throws {
        #expect(try UnitTable.sizes.amount(text) == amount)
    }

    @Test(
        arguments: [
            ("", .notAnAmount), ("s", .notAnAmount), ("-5s", .notAnAmount), ("1.5s", .notAnAmount),
            ("1h30m", .notAnAmount),
            ("５s", .notAnAmount), ("5", .missingUnit(number: "5")),
            ("5S", .unknownUnit(number: "5", unit: "S")),
            ("9223372036854775807d", .tooLarge), ("99999999999999999999s", .tooLarge),
        ] as [(String, UnitTable.Failure)])
    func anythingElse_isRefused(_ text: String, _ failure: UnitTable.Failure) {
        #expect(throws: failure) { try UnitTable.durations.amount(text) }
    }

    @Test func anAmount_isWrittenInItsLargestUnit() {
        #expect(UnitTable.durations.text(900_000) == "15m")
        #expect(UnitTable.durations.text(1500) == "1500ms")
        #expect(UnitTable.sizes.text(65_536) == "64KiB")
        #expect(UnitTable.sizes.text(1_000_000) == "1MB")
        #expect(UnitTable.sizes.text(0) == "0")
        #expect(UnitTable.durations.text(0) == "0ms")
    }
}
