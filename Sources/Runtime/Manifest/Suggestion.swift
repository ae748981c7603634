/// The word of `candidates` that `word` was probably meant to be, or nil if none is near enough.
///
/// Near is an edit distance (insertions, deletions, replacements, swaps of neighbours; case does not count) of
/// at most a third of the longer word, at least one. Of equally near words the first wins.
///
/// - Parameters:
///   - word: What was written. Words above 64 characters have no suggestion.
///   - candidates: What would have been right.
public func nearest(_ word: String, among candidates: [String]) -> String? {
    let longest = 64
    let typed = Array(word.lowercased())
    guard !typed.isEmpty, typed.count <= longest else { return nil }
    var best: (distance: Int, word: String)?
    for candidate in candidates where candidate != word {
        let letters = Array(candidate.lowercased())
        guard letters.count <= longest else { continue }
        let allowed = max(1, max(typed.count, letters.count) / 3)
        guard abs(typed.count - letters.count) <= allowed else { continue }
        let distance = editDistance(typed, letters)
        guard distance <= allowed, distance < max(typed.count, letters.count) else { continue }
        if best.map({ distance < $0.distance }) ?? true {
            best = (distance, candidate)
        }
    }
    return best?.word
}

/// The Damerau-Levenshtein distance in its restricted form (optimal string alignment).
func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var twoAbove: [Int] = []
    var above = Array(0...right.count)
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        current.reserveCapacity(right.count + 1)
        for (column, other) in right.enumerated() {
            let replace = above[column] + (letter == other ? 0 : 1)
            var cost = min(replace, above[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                cost = min(cost, twoAbove[column - 1] + 1)
            }
            current.append(cost)
        }
        twoAbove = above
        above = current
    }
    return above[right.count]
}
