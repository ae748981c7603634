import Base
import Testing


import Runtime

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("serv", "serve"), ("sevre", "serve"), ("Serve", "serve"), ("invok", "invoke"), ("tokens", "token"),
        ("chekc", "check"), ("relpay", "replay"),
    ])
    func aSlip_findsItsWord(_ word: String, _ meant: String) {
        #expect(nearest(word, among: ["serve", "invoke", "replay", "check", "token", "functions"]) == meant)
    }

    @Test(arguments: ["", "x", "deploy", "help", "serve", String(repeating: "serve", count: 1000)])
    func anythingElse_findsNone(_ word: String) {
        #expect(nearest(word, among: ["serve", "invoke"]) == nil)
    }

    @Test func ofEquallyNearWords_theFirstWins() {
        #expect(nearest("cat", among: ["bat", "hat"]) == "bat")
        #expect(nearest("cat", among: []) == nil)
        #expect(nearest("ab", among: ["ba", "abc"]) == "ba")
        #expect(nearest("a", among: ["b"]) == nil)
    }

    @Test func longNames_areNotCompared_onEitherSide() {
        let longest = String(repeating: "a", count: Suggestions.longest)
        let suggestions = Suggestions([longest + "a", "b" + longest.dropFirst(), "/api/session"])
        #expect(suggestions.nearest(to: longest) == "b" + longest.dropFirst())
        #expect(suggestions.nearest(to: longest + "b") == nil)
        #expect(suggestions.nearest(to: String(repeating: "é", count: 33)) == nil)
        #expect(suggestions.nearest(to: "/api/sesion") == "/api/session")
        #expect(suggestions.nearest(to: "/api/sesion" + String(repeating: "/", count: 8_192)) == nil)
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "abd", 1),
        ("kitten", "sitting", 3), ("ca", "abc", 3),
    ])
    func aDistance_countsEditsAndSwaps(_ left: String, _ right: String, _ distance: Int) {
        #expect(editDistance(Array(left), Array(right)) == distance)
        #expect(editDistance(Array(right), Array(left)) == distance)
    }
}
