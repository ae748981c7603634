import Testing

@testable import Runtime

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
