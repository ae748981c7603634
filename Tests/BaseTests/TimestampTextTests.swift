import Base
import Runtime
import Testing

@Suite struct TimestampTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_767_225_600_123, "2026-01-01T00:00:00.123Z", "Thu, 01 Jan 2026 00:00:00 GMT"),
        (4_107_542_399_000, "2100-02-28T23:59:59.000Z", "Sun, 28 Feb 2100 23:59:59 GMT"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        // RFC 9110's own example.
        (784_111_777_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ])
    func bothForms_areThoseOfTheStandards(_ milliseconds: Int64, _ rfc3339: String, _ httpDate: String) {
        let time = Timestamp(milliseconds: milliseconds)
        #expect(time.rfc3339 == rfc3339)
        #expect(time.httpDate == httpDate)
        #expect(Timestamp(rfc3339: rfc3339) == time)
    }

    @Test(arguments: [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000), ("2026-01-01t00:00:00z", 1_767_225_600_000),
        ("2026-01-01 00:00:00Z", 1_767_225_600_000), ("2026-01-01T09:00:00+09:00", 1_767_225_600_000),
        ("2025-12-31T18:30:00-05:30", 1_767_225_600_000), ("2026-01-01T00:00:00-00:00", 1_767_225_600_000),
        ("2026-01-01T00:00:00.5Z", 1_767_225_600_500), ("2026-01-01T00:00:00.1239999Z", 1_767_225_600_123),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000),
    ])
    func everyFormOfRFC3339_isRead(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z",
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0900",
        "2026-01-01T00:00:00+09", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "26-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z", "-026-01-01T00:00:00Z", "２０２６-01-01T00:00:00Z", "2026/01/01T00:00:00Z",
        "2026-01-01T00:00:00.123456789012345678901234567890123456789012345678901234567890Z",
    ])
    func anythingElse_isRefused(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test func theEndsOfTheRange_doNotTrap() {
        for milliseconds in [Int64.min, .min + 1, .max] {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(!time.rfc3339.isEmpty)
            #expect(!time.httpDate.isEmpty)
        }
    }

    @Test func everyDay_comesBack() {
        for day in stride(from: Int64(-719_528), through: 2_932_896, by: 97) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 12_345)
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }
}
