import Base
import Testing

@testable import Schedule

@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("*/5 * * * *", [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]), ("7 * * * *", [7]),
        ("1,3-5 * * * *", [1, 3, 4, 5]), ("10-20/5 * * * *", [10, 15, 20]), ("50/4 * * * *", [50, 54, 58]),
        ("@hourly", [0]),
    ])
    func minutes_areRead(text: String, minutes: [Int64]) throws {
        #expect(try CronExpression(text).minutes.numbers == minutes)
    }

    @Test func names_areRead_andSundayIsTwoNumbers() throws {
        let named = try CronExpression("0 0 * JAN,dec sun")
        #expect(named.months.numbers == [1, 12])
        #expect(named.daysOfWeek.numbers == [0])
        #expect(try CronExpression("0 0 * * 7").daysOfWeek.numbers == [0])
        #expect(try CronExpression("0 0 * * 5-7").daysOfWeek.numbers == [0, 5, 6])
        #expect(try CronExpression("0 0 * * */2").daysOfWeek.numbers == [0, 2, 4, 6])
    }

    /// POSIX: of two restricted kinds of day either will do.
    @Test func twoKindsOfDay_areEither() throws {
        let either = try CronExpression("0 0 13 * 5")
        #expect(either.includes(CalendarDate(year: 2026, month: 11, day: 13)))
        #expect(either.includes(CalendarDate(year: 2026, month: 11, day: 20)))
        #expect(!either.includes(CalendarDate(year: 2026, month: 11, day: 21)))
        let both = try CronExpression("0 0 */2 * 5")
        #expect(both.includes(CalendarDate(year: 2026, month: 11, day: 13)))
        #expect(!both.includes(CalendarDate(year: 2026, month: 11, day: 20)))
    }

    @Test(arguments: [
        ("* * * *", "five fields"), ("60 * * * *", "0 to 59"), ("* * 0 * *", "1 to 31"),
        ("*/0 * * * *", "no step"),
        ("5-1 * * * *", "backwards"), ("x * * * *", "'x' is no number"), ("1,, * * * *", "minute"),
        ("0 0 30 2 *", "no day of any year"), ("@often", "@hourly"), ("0 0 * * 8", "0 to 7"),
        ("", "five fields"),
        ("+1 * * * *", "no number"), ("1- * * * *", "no number"),
        ("*/99999999999999999999 * * * *", "no step"),
    ])
    func others_areRefused(text: String, reason: String) {
        let fault = #expect(throws: ScheduleFault.self) { try CronExpression(text) }
        #expect(fault?.description.contains(reason) == true, "\(fault?.description ?? "")")
    }

    @Test func leapDays_arePossible() throws {
        let expression = try CronExpression("0 0 29 2 *")
        let schedule = Schedule(expression, in: .utc, text: "")
        let start = try #require(Timestamp(rfc3339: "2096-03-01T00:00:00Z"))
        #expect(schedule.next(after: start)?.rfc3339 == "2104-02-29T00:00:00.000Z")
    }
}
