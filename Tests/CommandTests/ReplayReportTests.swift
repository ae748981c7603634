import Base
@testable import Command
import FoundationEssentials
import Runtime
import Testing

@Suite struct ReplayReportTests {
    private func entry(
        _ position: Int = 1, function: String = "player-action", id: String? = nil, status: Int = 200,
        milliseconds: Int64? = nil, recorded: Int = 100, replayed: Int = 90, _ differences: [Difference] = []
    ) -> ReplayReport.Entry {
        ReplayReport.Entry(
            position: position, function: function, id: id ?? "inv_\(position)", trigger: "http: POST /x",
            at: Timestamp(milliseconds: 1_750_000_000_000 + (milliseconds ?? Int64(position) * 10)),
            status: status,
            recorded: .microseconds(recorded), replayed: .microseconds(replayed), differences: differences)
    }

    private func report(
        _ entries: [ReplayReport.Entry], title: String = "recordings/monday", remarks: [String] = []
    ) -> ReplayReport {
        ReplayReport(
            title: title, program: "gestaloka 1.2.3", startedAt: Timestamp(milliseconds: 1_760_000_000_000),
            entries: entries, remarks: remarks)
    }

    /// The page's data, read as its script does.
    private func data(_ html: String) throws -> [String: JSONValue] {
        let start = try #require(html.firstRange(of: "id=\"data\">")).upperBound
        let end = try #require(html[start...].firstRange(of: "</script>")).lowerBound
        return try JSONDecoder().decode([String: JSONValue].self, from: Data(html[start..<end].utf8))
    }

    private func member(_ value: JSONValue?, _ name: String) -> JSONValue? {
        guard case .object(let members) = value else { return nil }
        return members[name]
    }

    private func elements(_ value: JSONValue?) -> [JSONValue] {
        guard case .array(let elements) = value else { return [] }
        return elements
    }

    @Test func figures_areOfAllEntries() throws {
        let difference = Difference(path: "answer.body.choices[3].label", recorded: "\"a\"", replayed: nil)
        let data = try data(
            report([
                entry(1), entry(2, status: 429), entry(3, [difference]), entry(4, status: 404, [difference]),
                entry(5, function: "broadcast", recorded: 7, replayed: 8),
            ]).html())
        #expect(
            data["counts"]
                == .object(["replayed": 5, "different": 2, "refused": 1].mapValues(JSONValue.integer)))
        let functions = elements(data["functions"])
        #expect(functions.map { member($0, "name") } == [.string("player-action"), .string("broadcast")])
        #expect(member(functions.last, "recorded") == .array([.integer(7), .integer(7), .integer(7)]))
        #expect(member(functions.last, "replayed") == .array([.integer(8), .integer(8), .integer(8)]))
        let place = elements(data["places"]).first
        #expect(member(place, "path") == .string("answer.body.choices[].label"))
        #expect(member(place, "count") == .integer(2))
        #expect(
            data["details"]
                == .array(
                    [[2, 1, 0, 0, -1], [3, 1, 0, 0, -1]].map { .array($0.map { JSONValue.integer($0) }) }))
        #expect(data["texts"] == .array([.string("\"a\"")]))
        #expect(member(data["rows"], "at") == .array([0, 10, 20, 30, 40].map { JSONValue.integer($0) }))
    }

    @Test func quantiles_areOfTheNearestRank() {
        #expect(ReportData.quantiles([]) == [0, 0, 0])
        #expect(ReportData.quantiles([5]) == [5, 5, 5])
        #expect(ReportData.quantiles((1...100).reversed()) == [50, 95, 100])
        #expect(ReportData.quantiles([1, 2]) == [1, 2, 2])
    }

    @Test(arguments: [
        ("a[12].b[0]", "a[].b[]"), ("a", "a"), ("", ""), ("a[", "a["), ("a[1", "a[1"),
        ("a[\"1\"]", "a[\"1\"]"),
        ("a[1x]", "a[1x]"), ("[3]", "[]"),
    ])
    func aPlace_hasNoIndexes(path: String, place: String) { #expect(ReportData.place(path) == place) }

    @Test func nothingRecorded_breaksOutOfTheData() throws {
        let hostile = "</script><script>alert(1)</script><!-- & \u{2028}\u{2029}\u{2027} \"'<b>"
        let difference = Difference(path: "a" + hostile, recorded: hostile, replayed: "\"\u{e9}\u{2020}\"")
        let html = report(
            [entry(1, function: hostile, id: hostile, [difference])], title: hostile, remarks: [hostile]
        ).html()
        #expect(!html.contains("alert(1)</script>") && !html.contains("<b>") && !html.contains("<!--"))
        #expect(
            !html.unicodeScalars.contains("\u{2029}") || html.unicodeScalars.count { $0 == "\u{2029}" } == 2)
        // The title stands in the text twice; all else is in the data, where it comes back as it was.
        #expect(html.split(separator: "&lt;/script&gt;&lt;script&gt;alert(1)").count == 3)
        let data = try data(html)
        #expect(data["remarks"] == .array([.string(hostile)]))
        #expect(elements(data["texts"]).contains(.string("\"\u{e9}\u{2020}\"")))
        #expect(data["paths"] == .array([.string("a" + hostile)]))
        #expect(html.ranges(of: "<script").count == 2)
        #expect(html.ranges(of: "</script>").count == 2)
    }

    @Test func onlyThePagesOwnScript_mayRun_andNothingIsLoaded() throws {
        let html = report([entry()]).html()
        #expect(html.contains("default-src 'none'"))
        let nonces = html.ranges(of: "nonce-").map { html[$0.upperBound...].prefix { $0 != "'" } }
        #expect(Set(nonces).count == 1 && nonces.first?.count == 64)
        #expect(report([entry(2)]).html().contains(nonces.first ?? "") == false)
        for resource in ["http://", "https://", "src=", "href=\"/", "url(", "innerHTML", "@import"] {
            #expect(!html.contains(resource), "\(resource)")
        }
    }

    @Test func canonicallyEquivalentTexts_stayApart() throws {
        let difference = Difference(path: "a", recorded: "\u{e9}", replayed: "e\u{301}")
        let texts = elements(try data(report([entry(1, [difference])]).html())["texts"])
        #expect(texts.count == 2)
    }

    @Test func aLargeReplay_staysSmall() {
        let long = String(repeating: "You search the shelf. ", count: 100)
        let entries = (1...10_000).map { position in
            entry(
                position, id: "inv_01jy\(String(repeating: "x", count: 20))\(position)",
                (0..<(position % 3 == 0 ? 4 : 0)).map {
                    Difference(
                        path: "answer.body.choices[\($0)]", recorded: "\"\(long)\(position)\"",
                        replayed: "\"\(long)\(position + 1)\"")
                })
        }
        let data = ReportData(report(entries))
        #expect(data.rows.id.count == 10_000)
        // Less of each, but something of the last one too.
        #expect(data.details.count == 3_333)
        #expect(data.details.allSatisfy { $0.count > 2 && $0[1] == 4 })
        #expect(ReplayReport.scriptText(data).utf8.count < 2_900_000)
    }

    @Test func moreEntriesThanThePageHolds_keepThoseThatDiffer() {
        let difference = Difference(path: "a", recorded: "1", replayed: "2")
        let some = ReportData(
            report((1...1_000).map { entry($0, $0 % 100 == 0 ? [difference] : []) }), rowLimit: 90)
        #expect(some.rows.position.count == 90)
        #expect(
            some.details.map { some.rows.position[$0[0]] }
                == Array(stride(from: 100, through: 1_000, by: 100)))
        #expect(some.rows.position == some.rows.position.sorted())
        #expect(some.counts.replayed == 1_000 && some.counts.different == 10)
        let all = ReportData(report((1...1_000).map { entry($0, [difference]) }), rowLimit: 90)
        #expect(all.rows.position == Array(1...90))
    }

    @Test func extremeValues_doNotTrap() throws {
        var extreme = entry()
        extreme.position = .max
        extreme.status = .min
        extreme.recorded = .seconds(Int64.max)
        extreme.replayed = .seconds(-5)
        extreme.at = Timestamp(milliseconds: .min)
        var late = extreme
        late.at = Timestamp(milliseconds: .max)
        let data = try data(report([extreme, late]).html())
        #expect(member(data["rows"], "replayed") == .array([.integer(0), .integer(0)]))
        #expect(try self.data(report([]).html())["places"] == .array([]))
    }

    @Test func aValueOfThePage_namesNoOther() {
        let template = Array("<{{a}}|{{b}}|{{a}}>".utf8)
        #expect(ReplayReport.filled(template, ["a": "{{b}}", "b": "}}{{a}}"]) == "<{{b}}|}}{{a}}|{{b}}>")
        let html = report([entry()], title: "{{data}}").html()
        #expect(html.contains("<title>Replay of {{data}}</title>"))
    }
}
