import Runtime

/// `*`: every event of its namespace that has no function of its own.
struct Anything: Function {
    struct Output: Encodable, Sendable {
        let event: String
    }

    func handle(_ input: Nothing, in context: Context) async throws -> Output {
        guard case .socket(let event, _, _) = context.trigger else { return Output(event: "") }
        // The full name: `/lobby#dance`.
        let name = event.hasPrefix("/") ? event.drop { $0 != "#" }.dropFirst() : event[...]
        return Output(event: String(name))
    }
}
