import Runtime

/// A plain WebSocket without JSON: `Hello` in, `Hello` out.
struct Parrot: Function {
    func handle(_ input: PlainText, in context: Context) async throws -> PlainText { input }
}
