import Runtime
import Testing

@testable import Game

@Suite struct PromptFilterTests {
    private static let pieces = [
        "#", "##", "###", "`", "``", "<", "|", ">", "<|", "|>", ":", "：", " ", "\n", "\t", "\r\n", "\u{3000}",
        "System",
        "system", "Sys", "tem", "tem:", "Assis", "tant:", "Human", "human:", "Hu", "man", "ＳＹＳ", "ｔｅｍ",
        "システム", "シス", "テム：",
        "人間", "\u{200B}", "\u{200D}", "\u{AD}", "\u{FE0F}", "\u{E0041}", "\u{202E}", "\u{1}", ".", "。", "「",
        "」", "'",
        "’", "\"", "(", ")", "*", "-", ",", "a", "あ", "é", "e\u{301}", "👩‍👩‍👧‍👦", "🇯🇵", "ｼｽﾃﾑ", "𝐒", "＃", "＜｜", "0",
        "\u{2028}",
    ]

    @Test func anyText_isFilteredToAFixedPoint_withoutPatterns() {
        let seed: UInt64 = 0x6E57_A10C_A000_0002
        var random = SeededRandom(seed: seed)
        for round in 0..<4000 {
            var text = ""
            // Now and then long enough to be cut.
            let length = round % 40 == 0 ? 900 : 24
            for _ in 0..<random.next(below: length) { text += random.pick(Self.pieces) ?? "" }
            let result = PlayerText.sanitise(text)
            let comment: Comment = "seed \(seed), round \(round): \(text.debugDescription)"
            #expect(result.unicodeScalars.count <= PlayerText.maxScalars, comment)
            #expect(scalars(PlayerText.sanitise(result)) == scalars(result), comment)
            for pattern in ["###", "```", "System:", "Assistant:", "Human:", "<|", "|>"] {
                #expect(!contains(result, pattern), comment)
            }
            #expect(!result.unicodeScalars.contains { $0.properties.generalCategory == .control }, comment)
            let name = PlayerName.sanitise(text)
            #expect(scalars(PlayerName.sanitise(name)) == scalars(name), comment)
            #expect(name.unicodeScalars.count <= PlayerName.maxScalars, comment)
        }
    }

    @Test func anyBeginningOfAResult_isAResult() {
        let seed: UInt64 = 0x6E57_A10C_A000_0003
        var random = SeededRandom(seed: seed)
        for round in 0..<200 {
            var text = ""
            for _ in 0..<24 { text += random.pick(Self.pieces) ?? "" }
            let result = Array(PlayerText.sanitise(text).unicodeScalars)
            for end in result.indices {
                var view = String.UnicodeScalarView()
                view.append(contentsOf: result[..<end])
                let beginning = String(view)
                #expect(
                    scalars(PlayerText.sanitise(beginning)) == Array(result[..<end]),
                    "seed \(seed), round \(round): \(beginning.debugDescription)")
            }
        }
    }

    /// A quadratic filter would take minutes with these: the size is the assertion.
    @Test(arguments: [
        ("<", "|"), ("System", ":"), ("the system", ": "), (" ", ":"), ("##<", "|#"), ("Sys", "tem:"),
        ("\u{200B}", ":"),
        ("'", " "), ("system     ", ":"), ("\n", "#"),
    ])
    func nestedPatterns_takeLinearWork(open: String, close: String) {
        let count = 100_000 / (open.utf8.count + close.utf8.count)
        let nested = String(repeating: open, count: count) + String(repeating: close, count: count)
        let alternating = String(repeating: open + close, count: count)
        for text in [nested, alternating] {
            #expect(PlayerText.filtered(text).utf8.count <= text.utf8.count)
        }
    }

    @Test func nestedDelimiters_leaveNothing() {
        let deep = String(repeating: "<", count: 8000) + String(repeating: "|", count: 8000)
        #expect(PlayerText.sanitise(deep) == "")
        let roles = String(repeating: "Sys", count: 2000) + String(repeating: "tem:", count: 2000)
        #expect(PlayerText.sanitise(roles) == "")
    }

    private func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }

    /// By scalars: `String.contains` would miss a pattern whose last character has a combining mark.
    private func contains(_ text: String, _ pattern: String) -> Bool {
        let text = scalars(text)
        let pattern = scalars(pattern)
        return text.indices.contains { text[$0...].starts(with: pattern) }
    }
}
