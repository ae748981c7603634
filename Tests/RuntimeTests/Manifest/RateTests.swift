import Runtime
import Testing

@Suite struct RateTests {
    @Test(arguments: [
        ("30/minute", 30, 60, "30/minute"), ("10 per hour", 10, 3600, "10/hour"), ("1/s", 1, 1, "1/second"),
        ("100/15 minutes", 100, 900, "100/15 minutes"), ("10/5minutes", 10, 300, "10/5 minutes"),
        ("  7 / 2  h  ", 7, 7200, "7/2 hours"), ("5PER1MIN", 5, 60, "5/minute"),
        ("5 Per Day", 5, 86_400, "5/day"),
        ("1/60 seconds", 1, 60, "1/minute"), ("1/90 s", 1, 90, "1/90 seconds"), ("2/secs", 2, 1, "2/second"),
        ("1000000000/30 days", 1_000_000_000, 2_592_000, "1000000000/30 days"),
        ("4/24 hours", 4, 86_400, "4/day"),
    ])
    func aRate_isReadAsPeopleWriteIt(_ text: String, _ count: Int, _ seconds: Int, _ written: String) throws {
        let rate = try Rate(parsing: text)
        #expect(rate == Rate(count: count, window: .seconds(seconds)))
        #expect(rate.description == written)
        #expect(try Rate(parsing: rate.description) == rate)
    }

    @Test(arguments: [
        "", " ", "minute", "30", "30/", "30 minute", "30//minute", "/minute", "-1/minute", "+1/minute",
        "1.5/minute",
        "0/minute", "1000000001/minute", "1/0 minutes", "1/31 days", "1/month", "30/minute/hour",
        "99999999999999999999/s", "1/99999999999999999999 s", "1/9223372036854775807 days", "٣/minute",
        "30/minute ;", "1 pe r minute", "1per", "30/ミニット",
    ])
    func anythingElse_isRefused(_ text: String) {
        #expect(throws: RateError.self) { try Rate(parsing: text) }
    }

    @Test(arguments: [("30/minut", "30/minute"), ("5/2 huors", "5/2 hours"), ("1/dya", "1/day")])
    func aSlip_hasASuggestion(_ text: String, _ meant: String) throws {
        let error = try #require(throws: RateError.self) { try Rate(parsing: text) }
        #expect(error.suggestion == meant)
    }

    @Test func ratesInAList_areReadInOrder() throws {
        let rates = [Rate(count: 1, window: .seconds(1)), Rate(count: 30, window: .seconds(60))]
        #expect(try Rate.list(parsing: "1/second;30/minute") == rates)
        #expect(try Rate.list(parsing: "1/second , 30 per minute") == rates)
        #expect(try Rate.list(parsing: "1/second|30/minute") == rates)
    }

    @Test(arguments: ["", ";", "1/s;", ";1/s", "1/s;2/s", "1/60s;2/m", "1/s;1/m;1/h;1/d;1/2 d"])
    func aBadList_isRefused(_ text: String) {
        #expect(throws: RateError.self) { try Rate.list(parsing: text) }
    }

    @Test(arguments: [
        ("50k/day", 50_000, 86_400, "50k/day"), ("1.5M per 30 days", 1_500_000, 2_592_000, "1.5M/30 days"),
        ("2000/hour", 2000, 3600, "2k/hour"), ("0.5k/minute", 500, 60, "500/minute"),
        (" 1 K PER 2 h ", 1000, 7200, "1k/2 hours"), ("1000m/d", 1_000_000_000, 86_400, "1000M/day"),
        ("1234/day", 1234, 86_400, "1234/day"), ("12345600/day", 12_345_600, 86_400, "12345.6k/day"),
        ("1/60 seconds", 1, 60, "1/minute"),
    ])
    func aTokenBudget_isReadAsPeopleWriteIt(
        _ text: String, _ count: Int, _ seconds: Int, _ written: String
    ) throws {
        let rate = try Rate(parsingBudget: text)
        #expect(rate == Rate(count: count, window: .seconds(seconds)))
        #expect(rate.budgetDescription == written)
        #expect(try Rate(parsingBudget: rate.budgetDescription) == rate)
    }

    @Test(arguments: [
        "", "k/day", "50k", "50kk/day", "50 thousand/day", "1.5/day", "1.k/day", ".5k/day", "1.25k/day",
        "1.5.5k/day", "0/day", "0.0k/day", "1001M/day", "50k/second", "50k/59 s", "50k/31 days",
        "9223372036854775807k/day", "9223372036854775807.9M/day", "99999999999999999999/day", "-1k/day",
        "٣k/day",
    ])
    func anyOtherBudget_isRefused(_ text: String) {
        #expect(throws: RateError.self) { try Rate(parsingBudget: text) }
    }

    @Test(arguments: [("1.5 M/dya", "1.5M/day"), ("50k/2 huors", "50k/2 hours"), ("5/secnod", nil)])
    func aSlipInABudget_hasASuggestion(_ text: String, _ meant: String?) throws {
        let error = try #require(throws: RateError.self) { try Rate(parsingBudget: text) }
        #expect(error.suggestion == meant)
    }

    @Test func aLongText_isQuotedInShort() throws {
        let error = try #require(throws: RateError.self) {
            try Rate(parsing: "\u{1B}[31m" + String(repeating: "x", count: 100_000))
        }
        #expect(error.description.utf8.count < 300)
        #expect(!error.description.contains("\u{1B}"))
    }
}
