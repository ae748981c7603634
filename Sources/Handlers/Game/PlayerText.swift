/// What players write, made fit to stand in a model's prompt as data.
///
/// It does what the production guide's `sanitize_user_input` does - control characters go, the delimiters `###`,
/// three backquotes, `<|` and `|>` go, the role markers `System:`, `Assistant:` and `Human:` go, the rest is cut to
/// 1,000 - and closes its holes. ``PromptFilter`` has the exact rules.
public enum PlayerText {
    /// The most Unicode scalars that ``sanitise(_:)`` leaves.
    public static let maxScalars = 1000

    /// The text without what could pass for a prompt's own structure, at most 1,000 Unicode scalars, cut at a
    /// grapheme boundary.
    ///
    /// Called once an action. Takes time in proportion to the text's length, whatever the text. Sanitising twice
    /// is the same as once. It does not trim: see ``isBlank(_:)``.
    public static func sanitise(_ text: String) -> String {
        if isPlainASCII(text) { return text }
        return filtered(text).prefix(scalars: maxScalars)
    }

    /// Whether nothing in the text can be seen: it has only white space, control and invisible characters.
    public static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.promptRole {
            case .dropped, .lineBreak, .tab, .invisible: true
            case .visible(let folded): folded == Unicode.Scalar.foldedBlank
            }
        }
    }

    /// The text without patterns, of any length.
    static func filtered(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.maySurviveOnlyFiltered) else { return text }
        var filter = PromptFilter(capacity: text.utf8.count)
        for scalar in text.unicodeScalars { filter.append(scalar) }
        return filter.text
    }

    /// Most of what players write in English: nothing that starts or ends a pattern, and short enough.
    private static func isPlainASCII(_ text: String) -> Bool {
        let bytes = text.utf8.span
        guard bytes.count <= maxScalars else { return false }
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: ":"),
                UInt8(ascii: "<"),
                UInt8(ascii: "["), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "|"):
                return false
            case 0x20..<0x7F: break
            default: return false
            }
        }
        return true
    }
}
