/// What players call themselves.
public enum PlayerName {
    /// The most Unicode scalars that ``sanitise(_:)`` leaves.
    public static let maxScalars = 40

    /// The name cleaned as ``PlayerText`` is, on one line, with single spaces and none at its ends, at most 40
    /// Unicode scalars, cut at a grapheme boundary. Empty if nothing of it can be seen.
    public static func sanitise(_ text: String) -> String {
        let name = spaced(spaced(PlayerText.filtered(text)).prefix(scalars: maxScalars))
        return PlayerText.isBlank(name) ? "" : name
    }

    private static func spaced(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var isSpacePending = false
        for scalar in text.unicodeScalars {
            if case .visible(Unicode.Scalar.foldedBlank) = scalar.promptRole {
                isSpacePending = !result.isEmpty
            } else {
                if isSpacePending { result.append(" ") }
                isSpacePending = false
                result.append(scalar)
            }
        }
        return String(result)
    }
}
