import Runtime

/// A socket goes. One that was lost may come back: its place is kept; any other is forgotten.
struct Leave: Function {
    struct Input: Decodable, Sendable {
        /// In Socket.IO's words, such as `transport close`.
        let reason: String
        /// Whether the client may come back to its rooms.
        let recoverable: Bool
    }

    /// The event `left`.
    struct Left: Encodable {
        let connection: String
        let reason: String
        let recoverable: Bool
    }

    func handle(_ input: Input, in context: Context) async throws -> Nothing {
        guard let id = context.connectionID else { return Nothing() }
        if input.recoverable { context.suspendConnection() } else { context.closeConnection() }
        let left = Left(connection: id, reason: input.reason, recoverable: input.recoverable)
        try context.emit("left", left, to: ["hall"], except: [id])
        return Nothing()
    }
}
