import Runtime

/// Closes all sockets of a player, or one socket; the caller's own where neither is named.
struct Kick: Function {
    struct Input: Decodable, Sendable {
        let player: String?
        let connection: String?
    }

    func handle(_ input: Input, in context: Context) async throws -> Nothing {
        if let player = input.player {
            try context.close(subject: player, reason: "kicked")
        } else if let id = input.connection ?? context.connectionID {
            try context.close(connection: id, reason: "kicked")
        }
        return Nothing()
    }
}
