import Base
import Testing

@testable import Schedule

@Suite struct ScheduleTests {
    private func times(_ expression: String, _ zone: String, from start: String, count: Int) throws
        -> [String]
    {
        let zone = try #require(TimeZoneRules(named: zone))
        let schedule = Schedule(try CronExpression(expression), in: zone, text: expression)
        var time = try #require(Timestamp(rfc3339: start))
        var found: [String] = []
        for _ in 0..<count {
            time = try #require(schedule.next(after: time))
            found.append(time.rfc3339.replacing(":00.000Z", with: "Z"))
        }
        return found
    }

    @Test func times_areInTheZone() throws {
        #expect(
            try times("30 6 * * mon-fri", "Asia/Tokyo", from: "2026-11-27T00:00:00Z", count: 3) == [
                "2026-11-29T21:30Z", "2026-11-30T21:30Z", "2026-12-01T21:30Z",
            ])
        #expect(
            try times("*/20 * * * *", "UTC", from: "2026-12-31T23:30:00Z", count: 3) == [
                "2026-12-31T23:40Z", "2027-01-01T00:00Z", "2027-01-01T00:20Z",
            ])
    }

    /// A time is not its own next one, and milliseconds do not skip one.
    @Test func next_isBehind() throws {
        let schedule = Schedule(try CronExpression("* * * * *"), in: .utc, text: "")
        #expect(schedule.next(after: Timestamp(milliseconds: 60_000))?.milliseconds == 120_000)
        #expect(schedule.next(after: Timestamp(milliseconds: 59_999))?.milliseconds == 60_000)
        #expect(schedule.next(after: Timestamp(milliseconds: 60_001))?.milliseconds == 120_000)
        #expect(schedule.next(after: Timestamp(milliseconds: -60_001))?.milliseconds == -60_000)
        #expect(schedule.next(after: Timestamp(milliseconds: .max)) == nil)
        #expect(schedule.next(after: Timestamp(milliseconds: .min)) == nil)
    }

    /// Berlin, 2026-03-29: 02:00 is followed by 03:00. What was meant for between comes at once, and only then.
    @Test func timeThatIsSkipped_comesAtTheChange() throws {
        #expect(
            try times("30 2 * * *", "Europe/Berlin", from: "2026-03-28T00:00:00Z", count: 3) == [
                "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z",
            ])
        #expect(
            try times("30 * * * *", "Europe/Berlin", from: "2026-03-29T00:00:00Z", count: 2) == [
                "2026-03-29T00:30Z", "2026-03-29T01:30Z",
            ])
    }

    /// Berlin, 2026-10-25: 03:00 is followed by 02:00. What was meant for between comes once; what is meant for any
    /// hour comes each hour.
    @Test func timeThatIsThereTwice_comesOnce() throws {
        #expect(
            try times("30 2 * * *", "Europe/Berlin", from: "2026-10-24T12:00:00Z", count: 2) == [
                "2026-10-25T00:30Z", "2026-10-26T01:30Z",
            ])
        #expect(
            try times("30 * * * *", "Europe/Berlin", from: "2026-10-25T00:00:00Z", count: 3) == [
                "2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z",
            ])
    }

    /// Lord Howe sets the clock by half an hour, and Apia had no 2011-12-30.
    @Test func unusualChanges_areKept() throws {
        #expect(
            try times("15 2 * * *", "Australia/Lord_Howe", from: "2026-10-03T00:00:00Z", count: 2) == [
                "2026-10-03T15:30Z", "2026-10-04T15:15Z",
            ])
        #expect(
            try times("0 12 * * *", "Pacific/Apia", from: "2011-12-29T00:00:00Z", count: 3) == [
                "2011-12-29T22:00Z", "2011-12-30T10:00Z", "2011-12-30T22:00Z",
            ])
    }

    @Test func intervals_countFrom1970() throws {
        let schedule = try #require(Schedule(every: .seconds(30), text: "every 30s"))
        #expect(schedule.next(after: Timestamp(milliseconds: 0))?.milliseconds == 30_000)
        #expect(schedule.next(after: Timestamp(milliseconds: 29_999))?.milliseconds == 30_000)
        #expect(schedule.next(after: Timestamp(milliseconds: -1))?.milliseconds == 0)
        #expect(schedule.next(after: Timestamp(milliseconds: .max)) == nil)
        #expect(Schedule(every: .milliseconds(999), text: "") == nil)
        #expect(Schedule(every: .seconds(86_401), text: "") == nil)
    }

    @Test func ofMissedTimes_theLastIsFound() throws {
        func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }
        let yearly = Schedule(try CronExpression("@yearly"), in: .utc, text: "")
        #expect(
            yearly.last(through: try at("2026-11-28T00:00:00Z"), after: try at("2020-06-01T00:00:00Z"))
                == (try at("2026-01-01T00:00:00Z")))
        #expect(
            yearly.last(through: try at("2026-11-28T00:00:00Z"), after: try at("2026-01-01T00:00:00Z")) == nil
        )
        let often = Schedule(try CronExpression("* * * * *"), in: .utc, text: "")
        #expect(
            often.last(through: try at("2026-11-28T10:20:30Z"), after: try at("2020-01-01T00:00:00Z"))
                == (try at("2026-11-28T10:20:00Z")))
        #expect(
            often.last(through: try at("2026-11-28T10:20:30Z"), after: try at("2026-11-28T10:20:30Z")) == nil)
        let every = try #require(Schedule(every: .seconds(30), text: ""))
        #expect(
            every.last(through: Timestamp(milliseconds: 61_000), after: Timestamp(milliseconds: 0))?
                .milliseconds == 60_000)
        #expect(
            every.last(through: Timestamp(milliseconds: 61_000), after: Timestamp(milliseconds: 60_000))
                == nil)
    }
}
