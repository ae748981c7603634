import Runtime

/// `$ack:question`: a client's answer to `Ask`, `{"answer":…}`, or `{"timed_out":true}`. The client is told which.
struct Answered: Function {
    func handle(_ input: JSONValue, in context: Context) async throws -> Nothing {
        if let id = context.connectionID { try context.emit("answered", input, to: [id]) }
        return Nothing()
    }
}
