/// How many tokens a text is at most, for any of the usual tokenisers, without having one: English has about four
/// letters a token and counts as three, what is not a letter counts for itself, and kana and kanji, of which a small
/// tokeniser knows few, count as their bytes less one. So a budget that holds by this estimate holds by the model's.
public enum TokenEstimate {
    /// The tokens of a text; 0 for none.
    public static func tokens(in text: String) -> Int {
        // Thirds of a token.
        var thirds = 0
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20: thirds += 1
            // A byte that goes on in a character, but for its first one.
            case 0x80...0xBF: thirds += 3
            case 0xC0...0xFF: thirds += 0
            default: thirds += 3
            }
        }
        return (thirds + 2) / 3
    }

    /// The end of a text of at most `limit` tokens, cut between words or characters.
    public static func suffix(of text: String, tokens limit: Int) -> Substring {
        if tokens(in: text) <= limit { return text[...] }
        var start = text.endIndex
        var spent = 0
        while start > text.startIndex {
            let before = text.index(before: start)
            spent += tokensTimesThree(text[before])
            if spent > limit * 3 { break }
            start = before
        }
        return text[start...]
    }

    private static func tokensTimesThree(_ character: Character) -> Int {
        character.utf8.reduce(0) { sum, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20: sum + 1
            case 0xC0...0xFF: sum
            default: sum + 3
            }
        }
    }
}
