import Runtime

/// Takes the caller's socket out of a room.
struct Part: Function {
    func handle(_ input: Join.Input, in context: Context) async throws -> Nothing {
        try context.leave(input.room)
        return Nothing()
    }
}
