/// A text of the world in every language the game is told in.
public struct LocalizedText: Codable, Sendable, Equatable {
    /// The English text.
    public let en: String
    /// The Japanese text.
    public let ja: String

    /// The text in a language.
    public subscript(language: Language) -> String {
        switch language {
        case .en: en
        case .ja: ja
        }
    }
}
