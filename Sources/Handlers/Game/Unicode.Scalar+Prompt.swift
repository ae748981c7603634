/// What a scalar is to a prompt.
enum PromptRole: Equatable {
    /// Never kept.
    case dropped
    case lineBreak
    case tab
    /// Takes no room, so patterns are seen through it.
    case invisible
    /// Anything else, folded to what it looks like: ASCII lower case, full-width kana.
    case visible(folded: UInt32)
}

/// What a scalar does to the question whether a speaker may be named after it.
enum SpeechBoundary {
    case opens
    /// An apostrophe within a word is none; a single quotation mark after a blank is one.
    case opensAfterBlank
    case closes
    case neither
}

extension Unicode.Scalar {
    /// What every blank folds to.
    static let foldedBlank: UInt32 = 0x20

    var promptRole: PromptRole {
        switch value {
        case 0x20...0x7E: .visible(folded: Self.foldedASCII(value))
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: .lineBreak
        case 0x09: .tab
        case 0x00...0x1F, 0x7F...0x9F: .dropped
        case 0x3041...0x30FF, 0x3400...0x9FFF: .visible(folded: value)
        // Bidirectional controls and tag characters: a reader cannot see them, a model may.
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xE0000...0xE007F: .dropped
        default: properties.isDefaultIgnorableCodePoint ? .invisible : .visible(folded: folded)
        }
    }

    /// Whether a text with this scalar needs the filter: it is dropped, parts lines, or may end a pattern.
    var maySurviveOnlyFiltered: Bool {
        switch value {
        case 0x23, 0x25, 0x26, 0x3A, 0x3C, 0x5B, 0x5C, 0x60, 0x7C: true  // # % & : < [ \ ` |
        case 0x20...0x7E, 0x3041...0x30FF, 0x3400...0x9FFF: false
        default:
            switch promptRole {
            case .invisible: false
            case .dropped, .lineBreak, .tab: true
            case .visible(let folded): folded < 0x80 && Unicode.Scalar(UInt8(folded)).maySurviveOnlyFiltered
            }
        }
    }

    static func speechBoundary(_ folded: UInt32) -> SpeechBoundary {
        switch folded {
        // Letters, digits, comma, colon, semicolon.
        case 0x61...0x7A, 0x30...0x39, 0x2C, 0x3A, 0x3B: return .closes
        case 0x20: return .neither
        case 0x27: return .opensAfterBlank
        // ! . ? " and the brackets () <> [] {}
        case 0x21, 0x2E, 0x3F, 0x22, 0x28, 0x29, 0x3C, 0x3E, 0x5B, 0x5D, 0x7B, 0x7D: return .opens
        case 0x00...0x7F: return .neither
        // Two-dot leader, ellipsis, ideographic full stops.
        case 0x2025, 0x2026, 0x3002, 0xFF61: return .opens
        case 0x3001: return .closes  // ideographic comma
        default: break
        }
        guard let scalar = Unicode.Scalar(folded) else { return .neither }
        switch scalar.properties.generalCategory {
        case .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation: return .opens
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber:
            return .closes
        default: return .neither
        }
    }

    private static func foldedASCII(_ value: UInt32) -> UInt32 {
        (0x41...0x5A).contains(value) ? value + 0x20 : value
    }

    /// The folding of a scalar beyond ASCII: the compatibility forms of Unicode's NFKC and the look-alikes of
    /// UTS 39, as far as the patterns have such letters.
    private var folded: UInt32 {
        switch value {
        case 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: return Self.foldedBlank
        case 0xFF01...0xFF5E: return Self.foldedASCII(value - 0xFEE0)
        case 0x1D400...0x1D6A3:  // thirteen mathematical alphabets of 26 capitals and 26 small letters
            return 0x61 + (value - 0x1D400) % 26
        case 0x24B6...0x24E9: return 0x61 + (value - 0x24B6) % 26  // circled
        case 0x1F130...0x1F149: return 0x61 + (value - 0x1F130)  // squared
        case 0x1F150...0x1F169: return 0x61 + (value - 0x1F150)  // negative circled
        case 0x1F170...0x1F189: return 0x61 + (value - 0x1F170)  // negative squared
        case 0xFE13, 0xFE55, 0xA789, 0x2236, 0x02D0, 0x05C3: return 0x3A
        case 0xFE5F: return 0x23
        case 0xFE64: return 0x3C
        case 0xFE65: return 0x3E
        case 0x2018, 0x2019: return 0x27
        case 0xFE52, 0x2024: return 0x2E
        case 0xFE56: return 0x3F
        case 0xFE57: return 0x21
        default: return Self.lookAlikes[value] ?? value
        }
    }

    private static let lookAlikes: [UInt32: UInt32] = {
        // Letterlike symbols, modifier and small capital letters, Roman numerals, Cyrillic, Greek; half-width kana.
        let forms: KeyValuePairs<Unicode.Scalar, String> = [
            "a": "ªᵃᴬₐᴀɑАаΑα", "e": "ᵉᴱₑᴇℯℰⅇЕеΕҽ℮", "b": "ᵇᴮʙℬЬ", "d": "ᵈᴰᴅⅆԁⅮⅾ", "h": "ʰᴴₕʜℎℋℌℍℏНнҺһΗ",
            "i": "ⁱᴵᵢɪℐℑℹⅈⅠⅰІіΙιıƖɩ", "m": "ᵐᴹₘᴍℳⅯⅿМмΜ", "l": "ˡᴸₗʟℒℓⅬⅼ", "n": "ⁿᴺₙɴℕΝոռ", "o": "ºᵒᴼₒᴏℴОоΟο",
            "p": "ᵖᴾₚᴘℙРрΡρ", "r": "ʳᴿᵣʀℛℜℝгꓣ", "s": "ſˢₛꜱЅѕՏ",
            "t": "ᵗᵀₜᴛТтΤτ", "v": "ᵛⱽᵥᴠⅤⅴ", "u": "ᵘᵁᵤᴜυՍս", "y": "ʸʏУуҮүΥγ",
            "シ": "ｼ", "ス": "ｽ", "テ": "ﾃ", "ム": "ﾑ", "ア": "ｱ", "タ": "ﾀ", "ン": "ﾝ", "ト": "ﾄ", "ヒ": "ﾋ",
            "ュ": "ｭ", "ー": "ｰ", "マ": "ﾏ", "ユ": "ﾕ",
        ]
        var table: [UInt32: UInt32] = [:]
        for (letter, others) in forms {
            for other in others.unicodeScalars { table[other.value] = letter.value }
        }
        return table
    }()
}
