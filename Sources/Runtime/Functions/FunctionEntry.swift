/// One function of the manifest.
public struct FunctionEntry: Sendable, Equatable {
    /// Its name: `[a-z][a-z0-9-]{0,62}`, unique in the manifest.
    public var name: String
    /// The type that handles it, as the composition root registers it; empty where a program does (``command``).
    public var handler: String
    /// The program that handles it, and its arguments; empty where a type does.
    public var command: [String] = []
    /// The folder in which that program runs; nil for the host's.
    public var directory: String?
    /// What starts it; none means that it is only invoked directly.
    public var triggers: [Trigger]
    /// Who may call it.
    public var access: Access
    /// What its rates are counted by.
    public var per: RateScope
    /// What one invocation, and all of them together, may use.
    public var limits: Limits
    /// Where it runs.
    public var isolation: Isolation
    /// Its processes, where it runs in its own.
    public var instances = InstanceSettings()
    /// The environment variables it may see.
    public var environment: [String]
    /// The hosts it may reach, as ``HostAddress`` writes them: `api.openai.com`, `127.0.0.1:8080`, `[::1]:8080`. A
    /// host without a port stands for the default port of the URL's scheme.
    public var hosts: [String]
    /// The member of its input that holds an idempotency key, which HTTP's field `Idempotency-Key` may bring as well;
    /// nil where asking twice does it twice.
    public var idempotencyKey: String?
    /// The line of its name in the manifest, from 1; 0 for an entry made in code.
    public var line: Int

    /// An entry made in code. Where `per` is left out it follows from `access`, as in the manifest.
    public init(
        name: String, handler: String, triggers: [Trigger] = [], access: Access = .authenticated,
        per: RateScope? = nil, limits: Limits = Limits(), isolation: Isolation = .inline,
        environment: [String] = [], hosts: [String] = [], idempotencyKey: String? = nil, line: Int = 0
    ) {
        self.name = name
        self.handler = handler
        self.triggers = triggers
        self.access = access
        self.per = per ?? access.defaultScope
        self.limits = limits
        self.isolation = isolation
        self.environment = environment
        self.hosts = hosts
        self.idempotencyKey = idempotencyKey
        self.line = line
    }
}
