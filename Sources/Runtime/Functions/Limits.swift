/// What a function may use: the key `limits` of a function.
public struct Limits: Sendable, Equatable {
    /// How often it may be called; every one of these rates must hold. Empty means as often as one likes.
    public var rate: [Rate]
    /// How long one invocation may take, waiting not included.
    public var timeout: Duration
    /// The largest input, in bytes.
    public var body: Int
    /// What one of its processes may use, where it runs in its own.
    public var process = ProcessAllowance()
    /// How many invocations may run at a time.
    public var concurrency: Int
    /// How much of what the function counts itself one caller may use up; nil for no budget.
    public var budget: Rate?

    /// Limits made in code.
    public init(
        rate: [Rate] = [], timeout: Duration = .seconds(5), body: Int = 64 * 1024,
        concurrency: Int = 256, budget: Rate? = nil
    ) {
        self.rate = rate
        self.timeout = timeout
        self.body = body
        self.concurrency = concurrency
        self.budget = budget
    }
}

/// What one process of a function may use, with all that it starts: keys of `limits` beside `isolation: process`.
public struct ProcessAllowance: Sendable, Equatable {
    /// Memory, in bytes; nil: as much as there is.
    public var memory: Int?
    /// CPU time of one invocation; nil: as much as its time allows.
    public var cpu: Duration?
    /// Open files.
    public var files = 256
    /// Processes, its own included.
    public var processes = 1
    /// What an invocation may write to standard output and standard error, in bytes.
    public var output = 1 << 20
    /// What it may answer, in bytes.
    public var response = 6 << 20
    /// What its temporary folder may hold, in bytes.
    public var temporary = 64 << 20

    /// What counts where a manifest says nothing.
    public init() {}
}
