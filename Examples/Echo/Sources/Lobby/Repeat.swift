import Runtime

/// Answers with what it was told, bytes or JSON.
struct Repeat: Function {
    func handle(_ input: JSONValue, in context: Context) async throws -> JSONValue { input }
}
