/// What tells the story: a language model, or the built-in ``Narrator``.
public protocol StoryModel: Sendable {
    /// The name that journals and logs know it by.
    var name: String { get }

    /// Starts to tell the next passage.
    ///
    /// Called once a story job. The stream yields pieces of the text of one JSON object,
    /// `{"story": text, "choices": [{"label": text, "summary": text} x 3]}`, cut anywhere; whoever reads it checks
    /// it (``Passage/collect(_:maxBytes:)``). The stream fails with the model's own error. A reader that is
    /// cancelled stops reading, and the model should then stop working.
    func generate(_ prompt: StoryPrompt) -> AsyncThrowingStream<String, any Error>
}
