import Testing

@testable import Recording
import Runtime

@Suite struct DifferenceTextTests {
    @Test func aDifference_isThreeLines() {
        let difference = Difference(
            path: "answer.body.story", recorded: "\"You search the shelf\"", replayed: "\"You find nothing\"")
        #expect(
            difference.text(colours: false) == """
                answer.body.story
                  - recorded: "You search the shelf"
                  + replayed: "You find nothing"
                """)
        #expect(
            difference.text(colours: true) == """
                answer.body.story
                  \u{1b}[31m- recorded: "You search the shelf"\u{1b}[0m
                  \u{1b}[32m+ replayed: "You find nothing"\u{1b}[0m
                """)
    }

    @Test func whatIsNotThere_isSaid() {
        #expect(
            Difference(path: "", recorded: nil, replayed: "1").text(colours: false)
                == "(all)\n  - recorded: (not there)\n  + replayed: 1")
    }

    @Test func longTexts_areShownAroundTheFirstDifference() {
        let before = String(repeating: "あ", count: 400)
        let after = String(repeating: "い", count: 400)
        let lines = Difference(path: "p", recorded: before + "X" + after, replayed: before + "Y" + after)
            .text(colours: false).split(separator: "\n")
        let (head, tail) = (String(repeating: "あ", count: 30), String(repeating: "い", count: 69))
        #expect(lines == ["p", "  - recorded: …\(head)X\(tail)…", "  + replayed: …\(head)Y\(tail)…"])
    }

    @Test func aTextThatEndsEarly_isShownToItsEnd() {
        let long = String(repeating: "x", count: 300)
        let lines = Difference(path: "p", recorded: long, replayed: long + "y").text(colours: false)
        #expect(lines.contains("…\(String(repeating: "x", count: 30))\n"))
        #expect(lines.hasSuffix("x\(String("y"))"))
        let short = Difference(path: "p", recorded: "1", replayed: long).text(colours: false)
        #expect(short.contains("recorded: 1\n"))
        #expect(short.hasSuffix("replayed: \(String(repeating: "x", count: 100))…"))
        let one = Difference(path: "p", recorded: nil, replayed: long).text(colours: false)
        #expect(one.hasSuffix("replayed: \(String(repeating: "x", count: 100))…"))
    }

    @Test func aCut_neverParts_aScalar() {
        // The first two bytes of both are the same: U+3042 and U+3043, U+1F600 and U+1F601.
        for (a, b) in [
            ("\u{3042}", "\u{3043}"), ("\u{1f600}", "\u{1f601}"), ("\u{e9}", "e\u{301}"), ("\u{e9}", ""),
        ] {
            for count in [0, 1, 29, 30, 31, 99, 100, 101, 200] {
                let head = String(repeating: "\u{1f642}", count: count)
                let excerpts = Difference(path: "", recorded: head + a + head, replayed: head + b).excerpts(
                    of: 100)
                let recorded = Array((excerpts.recorded ?? "").unicodeScalars)
                #expect(!recorded.contains("\u{fffd}") && recorded.count <= 102)
                #expect(
                    excerpts.replayed.map { Array($0.unicodeScalars).suffix(b.unicodeScalars.count) }
                        == Array(b.unicodeScalars)[...])
            }
        }
    }

    @Test func nothingSteersTheTerminal() {
        let text = Difference(
            path: "p\u{9b}1m", recorded: "\u{1b}[2J\n\u{7f}", replayed: "\u{202e}\u{2028}\u{0}"
        ).text(colours: false)
        #expect(
            text == #"""
                p\u009b1m
                  - recorded: \u001b[2J\u000a\u007f
                  + replayed: \u202e\u2028\u0000
                """#)
    }
}
