/// What a function may use: the key `limits` of a function.
public struct Limits: Sendable, Equatable {
    /// How often it may be called; every one of these rates must hold. Empty means as often as one likes.
    public var rate: [Rate]
    /// How long one invocation may take, waiting not included.
    public var timeout: Duration
    /// The largest input, in bytes.
    public var body: Int
    /// The memory of its process, in bytes; nil leaves it to the host.
    public var memory: Int?
    /// How many invocations may run at a time.
    public var concurrency: Int
    /// How much of what the function counts itself one caller may use up; nil for no budget.
    public var budget: Rate?

    /// Limits made in code.
    public init(
        rate: [Rate] = [], timeout: Duration = .seconds(5), body: Int = 64 * 1024, memory: Int? = nil,
        concurrency: Int = 256, budget: Rate? = nil
    ) {
        self.rate = rate
        self.timeout = timeout
        self.body = body
        self.memory = memory
        self.concurrency = concurrency
        self.budget = budget
    }
}
