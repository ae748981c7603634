/// The story's text while it grows, as much of it as may be shown already: never what the finished answer's check would
/// refuse by itself, and so always a little behind.
public struct StoryDeltas: Sendable {
    private let check: AnswerCheck?
    private var reader = StoryTextReader()
    /// The end of what was shown, to see a secret that began there.
    private var shown: [Unicode.Scalar] = []
    /// What may not be shown yet.
    private var held: [Unicode.Scalar] = []
    private var filter = PromptFilter(capacity: 0)
    private var remaining = PassageLimits.storyScalars
    private var isRefused = false

    /// The text of one answer; without a check, of a model that is trusted.
    public init(_ check: AnswerCheck?) { self.check = check }

    /// Takes the next piece of the answer; what can be shown now, perhaps nothing. Linear in the piece.
    public mutating func read(_ piece: String) -> String {
        guard !isRefused else { return "" }
        let text = reader.read(piece)
        held.append(contentsOf: text.unicodeScalars)
        guard let check else { return release(held.count) }
        for scalar in text.unicodeScalars { filter.append(scalar) }
        if filter.removals > 0 || check.hasSecretOrControl(Self.text(shown + held)) {
            isRefused = true
            return ""
        }
        return release(reader.isDone ? held.count : held.count - AnswerCheck.window)
    }

    private mutating func release(_ count: Int) -> String {
        guard count > 0 else { return "" }
        let count = min(count, remaining)
        remaining -= count
        let text = Self.text(held.prefix(count))
        if check != nil { shown = Array((shown + held.prefix(count)).suffix(AnswerCheck.window)) }
        held.removeFirst(count)
        return text
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
