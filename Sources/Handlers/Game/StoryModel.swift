/// What a function lets a model use.
public struct ModelAllowance: Sendable {
    /// The hosts that it may reach, as the manifest writes them.
    public let hosts: [String]
    /// How long the answer may take.
    public let patience: Duration

    /// An allowance.
    public init(hosts: [String] = [], patience: Duration) {
        self.hosts = hosts
        self.patience = patience
    }
}

/// What tells the story: a language model, or the built-in ``Narrator``.
public protocol StoryModel: Sendable {
    /// The name that journals and logs know it by.
    var name: String { get }

    /// Whether it is a language model: one that costs tokens, sees who else is there, and whose answers are not trusted.
    var isLanguageModel: Bool { get }

    /// Why it cannot be asked at all by a function that may reach only `hosts`; nil if it can. Decided without asking it.
    func obstacle(hosts: [String]) -> StoryFault?

    /// What an operator must know before it is used by a function that may reach only `hosts`: one line each.
    func objections(hosts: [String]) -> [String]

    /// Starts to tell the next passage, which must be there in time.
    ///
    /// Called once or twice a story job. The stream yields pieces in the form of ``StoryPiece/recorded``. Their text is
    /// that of one JSON object, `{"story": text, "choices": [{"label": text, "summary": text} x 3]}`, cut anywhere;
    /// whoever reads it checks it. A model that fails says so by a piece, and then ends the stream. When the reader is
    /// cancelled, the model stops working.
    func generate(_ prompt: StoryPrompt, within allowance: ModelAllowance) -> AsyncThrowingStream<
        String, any Error
    >
}

extension StoryModel {
    public var isLanguageModel: Bool { false }
    public func obstacle(hosts: [String]) -> StoryFault? { nil }
    public func objections(hosts: [String]) -> [String] { [] }

    /// Who is about to tell, as a stream of at most one piece for `Context.outside`; nothing for the built-in narrator.
    public func introduction(hosts: [String]) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            if isLanguageModel {
                continuation.yield(StoryPiece.teller(name).recorded)
                if let obstacle = obstacle(hosts: hosts) {
                    continuation.yield(StoryPiece.fault(obstacle).recorded)
                }
            }
            continuation.finish()
        }
    }
}
