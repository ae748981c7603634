import Runtime

/// A route of its own on a plain WebSocket.
struct Look: Function {
    struct Output: Encodable, Sendable {
        let room: String
        let player: String?
    }

    func handle(_ input: Nothing, in context: Context) async throws -> Output {
        Output(room: "hall", player: context.caller?.subject)
    }
}
