import Game
import Synchronization

/// The prompts that a model of a test was asked with, in order.
final class PromptLog: Sendable {
    private let kept = Mutex<[StoryPrompt]>([])

    var all: [StoryPrompt] { kept.withLock { $0 } }

    /// Keeps one; the how manieth it is.
    func add(_ prompt: StoryPrompt) -> Int {
        kept.withLock { prompts in
            prompts.append(prompt)
            return prompts.count
        }
    }
}
