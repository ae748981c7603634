import Runtime

/// Arguments of known types: a text, and how often it is to be said, once where left out. Answers with both.
struct Scale: Function {
    func handle(
        _ input: Arguments<String, Int?>, in context: Context
    ) async throws -> Arguments<[String], Int> {
        let (text, count) = input.values
        let times = min(max(count ?? 1, 0), 100)
        return Arguments(Array(repeating: text, count: times), times)
    }
}
