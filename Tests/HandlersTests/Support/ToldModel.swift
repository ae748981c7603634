import Game
import TestSupport

/// A language model that says a passage in two halves, the second when the test says so.
final class ToldModel: StoryModel {
    let name = "told"
    let isLanguageModel = true
    /// What each answer says to have cost.
    static let cost = TokenUsage(input: 321, output: 45)

    private let log = PromptLog()
    private let gate: Gate?
    private let ending: [StoryPiece]
    /// Opens when it is asked first.
    let asked = Gate()

    init(gate: Gate? = nil, ending: [StoryPiece] = [.usage(ToldModel.cost)]) {
        self.gate = gate
        self.ending = ending
    }

    var prompts: [StoryPrompt] { log.all }

    func generate(_ prompt: StoryPrompt, within allowance: ModelAllowance) -> AsyncThrowingStream<
        String, any Error
    > {
        let number = log.add(prompt)
        let (gate, ending, asked) = (gate, ending, asked)
        return AsyncThrowingStream { continuation in
            if ending.allSatisfy({ if case .fault = $0 { false } else { true } }) || gate != nil {
                continuation.yield(
                    #"{"story":"The lanterns sway, and somebody laughs at the far end of the long room. Night \#(number)"#
                )
            }
            asked.open()
            Task {
                await gate?.wait()
                if case .usage = ending.first {
                    let choices = (1...3).map { #"{"label":"Do \#($0)","summary":"It leads to \#($0)."}"# }
                    continuation.yield(#" falls.","choices":["# + choices.joined(separator: ",") + "]}")
                }
                for piece in ending { continuation.yield(piece.recorded) }
                continuation.finish()
            }
        }
    }
}
