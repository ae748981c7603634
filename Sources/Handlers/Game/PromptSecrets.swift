internal import Functions

/// What only one call's prompt and the game know: drawn from the prompt's seed, so that a replay has the same.
public struct PromptSecrets: Sendable, Equatable {
    /// Marks where the data begins and ends; nobody who wrote the data could know it.
    public let nonce: String
    /// Stands in the system message; an answer that has it gives the instructions away.
    public let canary: String

    /// The secrets of a prompt.
    public init(seed: UInt64) {
        // Another sequence than the one that the seed was drawn from.
        var random = SeededRandom(seed: seed ^ 0xA5A5_5A5A_C3C3_3C3C)
        nonce = Self.hex(random.next()) + Self.hex(random.next())
        canary = "k" + Self.hex(random.next()) + Self.hex(random.next())
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
    }
}
