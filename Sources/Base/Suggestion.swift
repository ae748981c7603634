/// The word of `candidates` that `word` was probably meant to be, or nil if none is near enough.
///
/// - Parameters:
///   - word: What was written.
///   - candidates: What would have been right.
public func nearest(_ word: String, among candidates: [String]) -> String? {
    Suggestions(candidates).nearest(to: word)
}

/// Words that others are probably meant to be: made once where they are asked for often.
///
/// Near is an edit distance (insertions, deletions, replacements, swaps of neighbours; case does not count) of
/// at most a third of the longer word, at least one. Of equally near words the first wins.
public struct Suggestions: Sendable {
    /// The longest word that is meant to be another, in bytes; of longer ones only the length is looked at.
    public static let longest = 64

    private let words: [(word: String, letters: [Unicode.Scalar])]

    /// Suggestions of these words. Those above `longest` bytes are never meant.
    public init(_ candidates: [String]) {
        words = candidates.filter { $0.utf8.count <= Self.longest }.map { ($0, Self.letters($0)) }
    }

    /// The word that `word` was probably meant to be; nil where none is near enough, or it is too long.
    public func nearest(to word: String) -> String? {
        guard !word.isEmpty, word.utf8.count <= Self.longest else { return nil }
        let typed = Self.letters(word)
        var best: (distance: Int, word: String)?
        for (candidate, letters) in words where candidate != word {
            let length = max(typed.count, letters.count)
            let allowed = max(1, length / 3)
            guard abs(typed.count - letters.count) <= allowed else { continue }
            let distance = editDistance(typed, letters)
            guard distance <= allowed, distance < length else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
        }
        return best?.word
    }

    private static func letters(_ word: String) -> [Unicode.Scalar] {
        Array(word.lowercased().unicodeScalars)
    }
}

/// The Damerau-Levenshtein distance in its restricted form (optimal string alignment).
package func editDistance<Letter: Equatable>(_ left: [Letter], _ right: [Letter]) -> Int {
    var twoAbove = Array(0...right.count)
    var above = twoAbove
    var current = twoAbove
    for (row, letter) in left.enumerated() {
        current[0] = row + 1
        for (column, other) in right.enumerated() {
            let replace = above[column] + (letter == other ? 0 : 1)
            var cost = min(replace, above[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                cost = min(cost, twoAbove[column - 1] + 1)
            }
            current[column + 1] = cost
        }
        swap(&twoAbove, &above)
        swap(&above, &current)
    }
    return above[right.count]
}
