import Game
import Testing

@Suite struct LanguageTests {
    @Test(arguments: [
        ("ja", Language.ja), ("ja-JP", .ja), ("JA", .ja), ("ja_JP", .ja), ("ja-Latn-JP", .ja), ("en", .en),
        ("en-GB", .en), ("fr", .en), ("jav", .en), ("", .en), ("-ja", .en), ("日本語", .en),
    ])
    func tag_isMatchedByItsPrimarySubtag(tag: String, language: Language) {
        #expect(Language(matching: tag) == language)
    }

    @Test func missingTag_isEnglish() {
        #expect(Language(matching: nil) == .en)
    }
}
