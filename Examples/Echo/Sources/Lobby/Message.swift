import Runtime

/// Says whatever comes back to its sender: as the event `message-back`, and as the acknowledgement.
struct Message: Function {
    func handle(_ input: JSONValue, in context: Context) async throws -> JSONValue {
        if let id = context.connectionID { try context.emit("message-back", input, to: [id]) }
        return input
    }
}
