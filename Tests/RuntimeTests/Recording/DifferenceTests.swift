import Testing

@testable import Functions
@testable import Observability
@testable import Recording
import Runtime

@Suite struct DifferenceTests {
    /// `path|recorded|replayed` of each difference, `-` for what is not there.
    private func lines(_ recorded: String, _ replayed: String, at path: String = "a", limit: Int = 100)
        -> [String]
    {
        Difference.between(recorded, replayed, at: path, limit: limit).map {
            "\($0.path)|\($0.recorded ?? "-")|\($0.replayed ?? "-")"
        }
    }

    @Test(arguments: [
        ("", ""), ("{}", "{ }"), ("{\"a\":1,\"b\":2}", " {\"b\": 2, \"a\": 1}\n"), ("[1, 2]", "[1,2]"),
        (" 1", "1 "),
        ("\"\\u0061/\"", "\"a\\/\""), ("[{\"a\":1,\"b\":[]}]", "[{\"b\":[],\"a\":1}]"),
        ("no JSON", "no JSON"),
    ])
    func sameValues_doNotDiffer(recorded: String, replayed: String) {
        #expect(lines(recorded, replayed).isEmpty)
        #expect(lines(replayed, recorded).isEmpty)
    }

    @Test func fields_areNamedByTheirPath_inTheRecordedOrder() {
        let recorded =
            #"{"status":200,"body":{"story":"You search","choices":[{"label":"Go"},{"label":"Stay"}]}}"#
        let replayed =
            #"{"body":{"choices":[{"label":"Go"},{"label":"Wait"}],"story":"You find"},"status":201}"#
        #expect(
            lines(recorded, replayed, at: "answer") == [
                "answer.status|200|201", #"answer.body.story|"You search"|"You find""#,
                #"answer.body.choices[1].label|"Stay"|"Wait""#,
            ])
    }

    @Test func membersOfOneSide_areOneDifferenceEach() {
        #expect(
            lines(#"{"x":{"y":[1]},"z":0}"#, #"{"z":0,"n":null}"#) == [#"a.x|{"y":[1]}|-"#, "a.n|-|null"])
    }

    @Test func namesThatAreNoWords_areQuoted() {
        #expect(
            lines(#"{"a b":1,"":2,"c.d":3,"本_1-$":4}"#, "{}") == [
                #"a["a b"]|1|-"#, #"a[""]|2|-"#, #"a["c.d"]|3|-"#, "a.本_1-$|4|-",
            ])
        #expect(lines(#"{"x":{"y":1}}"#, #"{"x":{"y":2}}"#, at: "") == ["x.y|1|2"])
    }

    @Test func numbers_compareByTheirText() {
        #expect(lines("[1,1e2]", "[1.0,100]") == ["a[0]|1|1.0", "a[1]|1e2|100"])
    }

    @Test func textsThatAreOnlyCanonicallyEquivalent_differ() {
        #expect(lines("\"\u{e9}\"", "\"e\u{301}\"").count == 1)
        #expect(lines("{\"\u{e9}\":1}", "{\"e\u{301}\":1}").count == 2)
        #expect(lines("\u{e9}", "e\u{301}").count == 1)
    }

    @Test func membersOfTheSameName_arePairedInTheirOrder() {
        #expect(lines(#"{"x":1,"x":2}"#, #"{"x":1,"x":3}"#) == ["a.x|2|3"])
        #expect(lines(#"{"x":1,"x":2}"#, #"{"x":1}"#) == ["a.x|2|-"])
    }

    @Test(arguments: [
        ("[1,2,3,4]", "[1,9,2,3,4]", ["a[1]|-|9"]),
        ("[1,2,3,4]", "[2,3,4]", ["a[0]|1|-"]),
        ("[1,2,3,4]", "[1,2,3,4,5]", ["a[4]|-|5"]),
        ("[1,2,3]", "[1,7,3]", ["a[1]|2|7"]),
        ("[1,2]", "[3,4]", ["a[0]|1|3", "a[1]|2|4"]),
        ("[]", "[1]", ["a[0]|-|1"]),
        ("[[1],[2]]", "[[1],[2,3]]", ["a[1][1]|-|3"]),
        // The element that changed is known by what it kept.
        (
            #"[{"id":1,"to":"all","x":1}]"#, #"[{"n":0},{"id":1,"to":"all","x":2}]"#,
            [#"a[0]|-|{"n":0}"#, "a[0].x|1|2"]
        ),
        (
            #"["You go north.","b"]"#, #"["new","You go south.","c"]"#,
            [
                #"a[0]|-|"new""#, #"a[0]|"You go north."|"You go south.""#, #"a[1]|"b"|"c""#,
            ]
        ),
    ])
    func arrays_areAligned(recorded: String, replayed: String, expected: [String]) {
        #expect(lines(recorded, replayed) == expected)
    }

    @Test func largeArrays_areAligned_uptoALimit_andThenPairedByIndex() {
        let numbers = (0..<900).map(String.init)
        let text = "[\(numbers.joined(separator: ","))]"
        #expect(lines(text, "[-1,\(numbers.joined(separator: ",")),-2]") == ["a[0]|-|-1", "a[901]|-|-2"])
        let many = (0..<3_000).map(String.init)
        let changed = ["x1", "x2"].map { "\"\($0)\"" } + many.dropFirst().dropLast() + ["-3"]
        let found = lines(
            "[\(many.joined(separator: ","))]", "[\(changed.joined(separator: ","))]", limit: 5_000)
        #expect(found.count == 3_001)
        #expect(found.first == "a[0]|0|\"x1\"" && found.last == "a[3000]|-|-3")
    }

    @Test func kinds_differAsAWhole() {
        #expect(lines(#"{"x":{"y":1}}"#, #"{"x":[1]}"#) == [#"a.x|{"y":1}|[1]"#])
        #expect(lines("null", "{}") == ["a|null|{}"])
        #expect(lines("1", "\"1\"") == ["a|1|\"1\""])
    }

    @Test(arguments: [
        ("{broken", "{}"), ("{\"a\":1}x", "{\"a\":1}"), ("1,2", "1"), (" a", "a"), ("", "null"),
    ])
    func whatIsNoJSON_isComparedAsText(recorded: String, replayed: String) {
        #expect(lines(recorded, replayed) == ["a|\(recorded)|\(replayed)"])
    }

    @Test func limit_endsTheComparison() {
        let recorded = "[\((0..<500).map { "{\"a\":\($0),\"b\":\($0)}" }.joined(separator: ","))]"
        let replayed =
            "[\((0..<500).map { "{\"a\":\($0 + 1_000),\"b\":\($0 + 1_000)}" }.joined(separator: ","))]"
        #expect(lines(recorded, replayed).count == 100)
        #expect(lines(recorded, replayed, limit: 7).count == 7)
        #expect(lines(recorded, replayed, limit: 0).isEmpty)
        #expect(lines("1", "2", limit: -1).isEmpty)
    }

    @Test func deepValues_areCompared_andTooDeepOnesAreText() {
        func nested(_ depth: Int, _ value: String) -> String {
            String(repeating: "[", count: depth) + value + String(repeating: "]", count: depth)
        }
        let path = "a" + String(repeating: "[0]", count: 128)
        #expect(lines(nested(128, "1"), nested(128, "2")) == ["\(path)|1|2"])
        #expect(lines(nested(129, "1"), nested(129, "2")) == ["a|\(nested(129, "1"))|\(nested(129, "2"))"])
        #expect(lines(nested(100_000, "1"), nested(100_000, "2")).count == 1)
    }

    @Test func texts_areCutNowhere() {
        let long = String(repeating: "x", count: 100_000)
        let found = Difference.between("{\"a\":\"\(long)\"}", "{\"a\":\"\(long)y\"}", at: "b")
        #expect(found.map(\.recorded?.utf8.count) == [100_002])
    }

    @Test func randomValues_differJustWhereTheyWereChanged() {
        let seed: UInt64 = 0x6765_7374_616c_6f6b
        var random = SeededRandom(seed: seed)
        for round in 0..<300 {
            let value = RandomValue(&random, depth: 4)
            let text = value.text(&random)
            #expect(lines(text, value.text(&random)).isEmpty, "seed \(seed), round \(round)")
            var changed = value
            guard let path = changed.changeOne(&random, at: "a") else { continue }
            #expect(
                Difference.between(text, changed.text(&random), at: "a").map(\.path) == [path],
                "seed \(seed), round \(round): \(text)")
        }
    }

    @Test func brokenTexts_areComparedWithoutATrap() {
        let seed: UInt64 = 0x7265_706c_6179
        var random = SeededRandom(seed: seed)
        let alphabet = Array("{}[]\",:\\u0aé1-e. ntf".unicodeScalars)
        for round in 0..<2_000 {
            func text() -> String {
                let count = Int(random.next() % 12)
                return (0..<count).reduce(into: "") { text, _ in
                    text.unicodeScalars.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
                }
            }
            let (a, b) = (text(), text())
            let forth = Difference.between(a, b, at: "")
            #expect(forth.isEmpty == Difference.between(b, a, at: "").isEmpty, "seed \(seed), round \(round)")
            for difference in forth { _ = difference.text(colours: true) }
        }
    }
}

/// A JSON value whose scalars are all different, so that a change can only be found where it was made.
private indirect enum RandomValue {
    case scalar(UInt64)
    case array([RandomValue])
    case object([(String, RandomValue)])

    init(_ random: inout SeededRandom, depth: Int) {
        let count = Int(random.next() % 5)
        switch depth > 0 ? random.next() % 3 : 0 {
        case 1: self = .array((0..<count).map { _ in RandomValue(&random, depth: depth - 1) })
        case 2: self = .object((0..<count).map { ("m\($0)", RandomValue(&random, depth: depth - 1)) })
        default: self = .scalar(random.next())
        }
    }

    /// The value as JSON, members in any order and blanks where they may stand.
    func text(_ random: inout SeededRandom) -> String {
        let blank = random.next() % 2 == 0 ? "" : " \n"
        switch self {
        case .scalar(let value):
            return value % 2 == 0 ? "\(value)" : "\"\(value)\""
        case .array(let elements):
            return "[" + elements.map { blank + $0.text(&random) }.joined(separator: ",") + blank + "]"
        case .object(let members):
            let texts = members.shuffled(using: &random).map { "\"\($0.0)\"\(blank):" + $0.1.text(&random) }
            return "{" + blank + texts.joined(separator: ",") + "}"
        }
    }

    /// Changes one scalar, and says where; nil where there is none to change.
    mutating func changeOne(_ random: inout SeededRandom, at path: String) -> String? {
        switch self {
        case .scalar(let value):
            self = .scalar(value &+ 2)
            return path
        case .array(var elements):
            guard !elements.isEmpty else { return nil }
            let index = Int(random.next() % UInt64(elements.count))
            let changed = elements[index].changeOne(&random, at: "\(path)[\(index)]")
            self = .array(elements)
            return changed
        case .object(var members):
            guard !members.isEmpty else { return nil }
            let index = Int(random.next() % UInt64(members.count))
            let changed = members[index].1.changeOne(&random, at: "\(path).\(members[index].0)")
            self = .object(members)
            return changed
        }
    }
}
