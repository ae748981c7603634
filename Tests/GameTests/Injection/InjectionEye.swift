import FoundationEssentials

@testable import Game

/// Looks at a prompt as a suspicious reader would, by other means than the sanitiser's: normal forms by Unicode's own
/// case folding and a table of look-alikes, and patterns spelt out.
enum InjectionEye {
    private struct Data: Decodable {
        struct Deed: Decodable {
            let name: String?
            let text: String
        }
        let actions: [Deed]
        let others_here: [Deed]
        let player: String
    }

    /// The texts of players in the data message; nil where it is more than marks with one line of JSON between.
    static func texts(of messages: PromptMessages, _ secrets: PromptSecrets) -> [String]? {
        let lines = messages.data.unicodeScalars.split(omittingEmptySubsequences: false) {
            $0.properties.isWhitespace && $0 != " " && $0 != "\u{3000}" && $0.value != 0xA0
                && !(0x2000...0x200A).contains($0.value) && ![0x1680, 0x202F, 0x205F].contains($0.value)
        }
        .map { String($0) }
        guard lines.count == 3, lines[0] == "DATA BEGINS " + secrets.nonce,
            lines[2] == "DATA ENDS " + secrets.nonce,
            !lines[1].contains(secrets.nonce),
            let data = try? JSONDecoder().decode(Data.self, from: FoundationEssentials.Data(lines[1].utf8)),
            data.actions.count <= 1, data.others_here.count == data.actions.count || data.others_here.isEmpty
        else { return nil }
        return [data.player] + (data.actions + data.others_here).flatMap { [$0.text, $0.name ?? ""] }
    }

    private static let roles = [
        "system", "assistant", "human", "user", "developer", "システム", "アシスタント", "ヒューマン", "人間", "ユーザー", "系统",
        "助手", "用户",
        "시스템", "система", "пользователь",
    ]
    private static let marks = [
        "###", "```", "<|", "|>", "[inst]", "[/inst]", "<<sys>>", "<</sys>>", "<s>", "</s>",
        "<start_of_turn>",
        "<end_of_turn>", "<system>", "</system>", "<user>", "</user>", "<assistant>", "</assistant>",
    ]

    /// Whether a text has a delimiter, or a role before a colon where a speaker is named.
    static func seesRole(_ text: String) -> Bool {
        let plain = plain(text)
        if marks.contains(where: { plain.contains($0) }) { return true }
        for role in roles {
            var rest = plain[...]
            while let range = rest.firstRange(of: role) {
                let after = plain[range.upperBound...].drop { $0 == " " }
                if after.first == ":", namesASpeaker(plain[..<range.lowerBound]) { return true }
                rest = rest[range.upperBound...]
            }
        }
        return false
    }

    /// A speaker is named at a text's beginning or after the end of a sentence, not in the middle of one.
    private static func namesASpeaker(_ before: Substring) -> Bool {
        guard let last = before.last(where: { $0 != " " }) else { return true }
        return ".!?。！？…\n\"「『()（）[]{}>".contains(last)
    }

    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A, 0x0D, 0x2028, 0x2029, 0x85: result += "\n"
            case 0xFF01...0xFF5E:
                result.unicodeScalars.append(Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar)
            case 0x3000, 0xA0, 0x2000...0x200A: result += " "
            case 0x1D400...0x1D6A3:
                result.unicodeScalars.append(Unicode.Scalar(0x61 + (scalar.value - 0x1D400) % 26) ?? scalar)
            case 0x24B6...0x24E9:
                result.unicodeScalars.append(Unicode.Scalar(0x61 + (scalar.value - 0x24B6) % 26) ?? scalar)
            case 0xFE13: result += ":"
            case 0xFF65...0xFF9F: result += kana[scalar] ?? String(scalar)
            default:
                let properties = scalar.properties
                guard !properties.isDefaultIgnorableCodePoint, properties.generalCategory != .control,
                    properties.generalCategory != .format
                else { continue }
                result += small[scalar] ?? String(scalar)
            }
        }
        var plain = result.lowercased()
        for (escape, meaning) in escapes { plain = plain.replacing(escape, with: meaning) }
        return plain.replacing("ѕуѕтем", with: "system")
    }

    private static let kana: [Unicode.Scalar: String] = ["ｼ": "シ", "ｽ": "ス", "ﾃ": "テ", "ﾑ": "ム"]
    private static let small: [Unicode.Scalar: String] = [
        "ᴜ": "u", "ꜱ": "s", "ᴇ": "e", "ʀ": "r", "ᴛ": "t", "ʏ": "y", "ᴍ": "m",
    ]
    private static let escapes = [
        ("%25", "%"), ("&#58;", ":"), ("&#x3a;", ":"), ("&colon;", ":"), ("%3a", ":"), ("\\u003a", ":"),
        ("\\x3a", ":"),
        ("&lt;", "<"), ("&gt;", ">"), ("\\u003c", "<"),
    ]
}
