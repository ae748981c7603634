import Game

/// A model that tells what the test says, and keeps the prompts it got.
final class RecordingModel: StoryModel {
    struct Failure: Error {}

    let name = "recording"
    private let log = PromptLog()
    private let pieces: [String]
    private let fails: Bool

    /// Yields `pieces`, then ends, or fails.
    init(_ pieces: [String] = RecordingModel.passage(choices: 3), fails: Bool = false) {
        self.pieces = pieces
        self.fails = fails
    }

    var prompts: [StoryPrompt] { log.all }

    func generate(_ prompt: StoryPrompt, within allowance: ModelAllowance) -> AsyncThrowingStream<
        String, any Error
    > {
        let number = log.add(prompt)
        let (pieces, fails) = (pieces, fails)
        return AsyncThrowingStream { continuation in
            for piece in pieces { continuation.yield(piece.replacing("NUMBER", with: "\(number)")) }
            continuation.finish(throwing: fails ? Failure() : nil)
        }
    }

    /// A passage in pieces; NUMBER becomes the number of the prompt.
    static func passage(choices: Int) -> [String] {
        let list = (0..<choices).map { #"{"label":"Label \#($0)","summary":"Summary \#($0)"}"# }
        return [#"{"story":"Pass"#, #"age NUMBER","choices":["#, list.joined(separator: ","), "]}"]
    }
}
