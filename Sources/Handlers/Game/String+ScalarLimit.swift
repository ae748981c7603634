extension String {
    /// The beginning of at most `limit` Unicode scalars, cut between graphemes.
    ///
    /// Where the very first grapheme is longer than that, it is cut itself: nothing at all would be worse.
    func prefix(scalars limit: Int) -> String {
        // UTF-8 has at least one byte a scalar, so a short text needs no count.
        guard utf8.count > limit else { return self }
        let scalars = unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return self }
        // Whether a grapheme ends at `end` depends on nothing after the next scalar.
        var text = String(scalars[...end])
        text.removeLast()
        return text.isEmpty ? String(scalars[..<end]) : text
    }

    /// The text, or its beginning with an ellipsis, in at most `limit` Unicode scalars.
    func shortened(scalars limit: Int) -> String {
        let whole = prefix(scalars: limit)
        return whole.utf8.count == utf8.count ? self : prefix(scalars: max(0, limit - 1)) + "…"
    }
}
