extension Difference {
    /// How much of a value `text(colours:)` shows, in Unicode scalars.
    static let shownLength = 100

    /// Three lines for a terminal, without a line feed at the end: the path, what was recorded, what was replayed.
    ///
    /// Of a long value the part is shown in which the two first differ, with `…` where it is cut. Characters that
    /// could steer the terminal are shown as escapes.
    public func text(colours: Bool) -> String {
        let (recorded, replayed) = excerpts(of: Self.shownLength)
        let (red, green, plain) = colours ? ("\u{1b}[31m", "\u{1b}[32m", "\u{1b}[0m") : ("", "", "")
        return """
            \(path.isEmpty ? "(all)" : Self.printable(path))
              \(red)- recorded: \(recorded.map(Self.printable) ?? "(not there)")\(plain)
              \(green)+ replayed: \(replayed.map(Self.printable) ?? "(not there)")\(plain)
            """
    }

    /// Both values, each cut to about `length` Unicode scalars around the first point at which they differ, with `…`
    /// where something is left out.
    package func excerpts(of length: Int) -> (recorded: String?, replayed: String?) {
        let length = max(length, 8)
        // A scalar has at most four bytes, so that nothing longer needs a look.
        if (recorded?.utf8.count ?? 0) <= length, (replayed?.utf8.count ?? 0) <= length {
            return (recorded, replayed)
        }
        let common = recorded.map { Self.common($0, replayed ?? "") } ?? 0
        return (recorded.map { Self.cut($0, common, length) }, replayed.map { Self.cut($0, common, length) })
    }

    /// How many bytes the two have in common at their beginning, up to the scalar in which they differ.
    private static func common(_ a: String, _ b: String) -> Int {
        let (a, b) = (a.utf8.span, b.utf8.span)
        let shorter = min(a.count, b.count)
        var count = 0
        while count < shorter, a[count] == b[count] { count += 1 }
        // Back to where a scalar begins: a continuation byte is 10xxxxxx in both.
        while count > 0, count < a.count, a[count] & 0xC0 == 0x80 { count -= 1 }
        while count > 0, count < b.count, b[count] & 0xC0 == 0x80 { count -= 1 }
        return count
    }

    /// Some of what is equal before the byte at `common`, to show where it is, and what follows.
    private static func cut(_ text: String, _ common: Int, _ length: Int) -> String {
        let scalars = text.unicodeScalars
        guard text.utf8.count > length, scalars.dropFirst(length).first != nil else { return text }
        let start = scalars.prefix(upTo: text.utf8.index(text.startIndex, offsetBy: common))
            .suffix(length * 3 / 10).startIndex
        let shown = scalars.suffix(from: start).prefix(length)
        return (start > text.startIndex ? "…" : "") + String(shown)
            + (shown.endIndex < text.endIndex ? "…" : "")
    }

    /// Control characters, line and paragraph separators, and marks that reorder a line, as JSON's escapes.
    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnprintable) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnprintable(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
