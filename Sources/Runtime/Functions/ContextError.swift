/// What a function asked of its `Context` cannot be: a mistake in the function, and no caller's. A 500.
public struct ContextError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
