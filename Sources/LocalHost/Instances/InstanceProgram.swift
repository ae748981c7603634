public import Runtime

/// How an instance of a function is started: what only the program knows that has put the host together.
public struct InstanceProgram: Sendable {
    /// The program and its arguments.
    public var arguments: [String]
    /// All of its environment, but for what the Lambda Runtime API and its limits add.
    public var environment: [String: String]
    /// Its working folder.
    public var directory: String

    /// From its parts.
    public init(arguments: [String], environment: [String: String], directory: String) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }
}

/// Where the host has from how instances are started, and what the manifest says by now.
public struct InstancePrograms: Sendable {
    /// How an instance of a function is started. Throws what keeps it from being started, in words.
    public let program: @Sendable (FunctionEntry) throws -> InstanceProgram
    /// The manifest as it is now; nil where it is as it was. Throws what is wrong with it.
    public let changedManifest: @Sendable () throws -> Manifest?
    /// Where the temporary folders of instances are.
    public let temporaryParent: String
    /// Whether callers are told why a function cannot be started.
    public let tellsErrors: Bool

    /// From its parts.
    public init(
        temporaryParent: String, tellsErrors: Bool,
        program: @escaping @Sendable (FunctionEntry) throws -> InstanceProgram,
        changedManifest: @escaping @Sendable () throws -> Manifest? = { nil }
    ) {
        self.temporaryParent = temporaryParent
        self.tellsErrors = tellsErrors
        self.program = program
        self.changedManifest = changedManifest
    }
}
