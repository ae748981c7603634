import Runtime

/// Lets the caller's socket into a room.
struct Join: Function {
    struct Input: Decodable, Sendable {
        let room: String
    }

    func handle(_ input: Input, in context: Context) async throws -> Nothing {
        try context.join(input.room)
        return Nothing()
    }
}
