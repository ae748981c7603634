/// A language the game is told in.
public enum Language: String, Codable, Sendable, CaseIterable {
    /// English, and what a player gets whose language the game does not speak.
    case en
    /// Japanese.
    case ja

    /// The language for a BCP 47 tag: its primary subtag decides, in any case (`ja-JP` and `JA` are Japanese).
    /// An unknown, malformed or missing tag is English.
    public init(matching tag: String?) {
        let primary = tag?.prefix { $0 != "-" && $0 != "_" }
        self = primary.flatMap { Language(rawValue: $0.lowercased()) } ?? .en
    }
}
