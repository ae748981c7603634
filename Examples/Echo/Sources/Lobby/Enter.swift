import Runtime

/// A socket comes: it is recorded, and is in the room `hall` of its namespace from now on.
struct Enter: Function {
    /// What the client brings beside its token.
    struct Input: Decodable, Sendable {
        /// Asks to be turned away, for this reason.
        let refuse: String?
    }

    func handle(_ input: Input, in context: Context) async throws -> Nothing {
        if let reason = input.refuse { throw Problem(.conflict, reason) }
        try context.openConnection()
        try context.join("hall")
        return Nothing()
    }
}
