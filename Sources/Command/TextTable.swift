/// Columns for a terminal: each as wide as its widest cell, and two blanks between them.
enum TextTable {
    /// Lines of as many cells each, the first of which has the titles. Columns of numbers stand to the right.
    static func text(_ lines: [[String]], numbers: Set<Int> = []) -> String {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = line.indices.map { column in
                let blanks = String(repeating: " ", count: widths[column] - line[column].count)
                return numbers.contains(column) ? blanks + line[column] : line[column] + blanks
            }
            var text = cells.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }.joined()
    }
}
