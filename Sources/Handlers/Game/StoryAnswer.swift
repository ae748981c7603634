/// What came of asking a model: its text as far as it came, and what it said of itself.
public struct StoryAnswer: Sendable, Equatable {
    /// The text of the answer, not yet checked.
    public private(set) var text = ""
    /// What it cost, if it said so.
    public private(set) var usage: TokenUsage?
    /// Why it failed, if it did.
    public private(set) var fault: StoryFault?
    /// The HTTP status that it failed with, if there was one.
    public private(set) var status: Int?
    /// Why it was tried again, each time.
    public private(set) var retries: [StoryFault] = []

    /// Nothing yet.
    public init() {}

    /// What a model's stream comes to, as ``read(_:maxBytes:each:)`` reads it.
    public init(reading stream: some AsyncSequence<String, any Error>, maxBytes: Int = 64 << 10) async throws
    {
        try await read(stream, maxBytes: maxBytes)
    }

    /// Reads a model's stream to its end; `each` is called with every piece of text. What came before an error stays.
    ///
    /// Throws `PassageError.streamTooLong` as soon as the answer is longer than `maxBytes` of UTF-8, where each piece
    /// counts for at least one byte, so that no stream can go on for ever; `CancellationError` if the task is cancelled
    /// meanwhile; and otherwise what the stream throws.
    public mutating func read(
        _ stream: some AsyncSequence<String, any Error>, maxBytes: Int = 64 << 10,
        each: (String) throws -> Void = { _ in }
    ) async throws {
        var remaining = maxBytes
        for try await piece in stream {
            try Task.checkCancellation()
            remaining -= max(1, piece.utf8.count)
            guard remaining >= 0 else { throw PassageError.streamTooLong(maxBytes: maxBytes) }
            switch StoryPiece(recorded: piece) {
            case .text(let text):
                self.text += text
                try each(text)
            case .usage(let figure): usage = figure
            case .retry(let reason, _): retries.append(reason)
            case .fault(let reason, let status): (fault, self.status) = (reason, status)
            case .teller: break
            }
        }
        // A cancelled stream just ends: what came so far is not the answer.
        try Task.checkCancellation()
    }
}
