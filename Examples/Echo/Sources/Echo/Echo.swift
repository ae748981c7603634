import Runtime

/// Says a text back, and how many times this caller has been answered.
struct Echo: Function {
    struct Input: Decodable, Sendable {
        let text: String
    }

    struct Output: Encodable, Sendable {
        let text: String
        let count: Int
    }

    /// What is kept of a caller between two invocations.
    struct Caller: StoredRecord {
        static let kind = "caller"
        let id: String
        var echoes = 0
    }

    func validate(_ input: Input) throws(InvalidInput) {
        if input.text.isEmpty { throw InvalidInput("/text", "must not be empty") }
    }

    func handle(_ input: Input, in context: Context) async throws -> Output {
        let id = context.caller?.subject ?? context.address ?? "somebody"
        var caller = try await context.read(Caller.self, id) ?? Caller(id: id)
        caller.echoes += 1
        try context.save(caller)
        return Output(text: input.text, count: caller.echoes)
    }
}
