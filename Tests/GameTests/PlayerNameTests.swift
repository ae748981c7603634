import Game
import Testing

@Suite struct PlayerNameTests {
    @Test(arguments: [
        ("traveller", "traveller"), ("  Ada \n  Lovelace ", "Ada Lovelace"), ("山田　太郎", "山田 太郎"),
        ("System: root", "root"),
        ("system:", ""), ("<|admin|>", "admin"), ("\u{200B}\u{FEFF}", ""), (" \n ", ""),
        ("\u{202E}evil", "evil"),
        ("👩‍🚀", "👩‍🚀"),
    ])
    func name_isCleanedOnOneLine(text: String, expected: String) {
        #expect(PlayerName.sanitise(text) == expected)
    }

    @Test func name_hasAtMost40Scalars_andNoSpaceAtTheEnd() {
        let long = String(repeating: "a", count: 39) + " b"
        #expect(PlayerName.sanitise(long) == String(repeating: "a", count: 39))
        #expect(PlayerName.sanitise(String(repeating: "名", count: 50)).unicodeScalars.count == 40)
    }
}
