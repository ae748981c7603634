/// What one process, with all that it starts, may use.
package struct ProcessLimits: Sendable, Equatable {
    /// Bytes of memory, of all its processes together; nil: no limit.
    package var memory: Int?
    /// CPU time of an invocation, of all its processes and threads (`ConfinedProcess.beginInvocation`); nil: no limit.
    package var cpu: Duration?
    /// Open files of each process.
    package var files = 256
    /// Processes, itself among them. With one, it cannot start any.
    package var processes = 1
    /// Threads of all its processes.
    package var threads = 512
    /// Bytes of its temporary folder, and of any file that it writes; 0: no limit.
    package var temporaryBytes = 64 << 20

    package init() {}
}

/// What is started, and with what.
package struct ProcessStart: Sendable {
    /// The program and its arguments. The program is a path, or a name that is looked for in the `PATH` of `environment`.
    package var arguments: [String]
    /// All of its environment, but for `TMPDIR` and `_LAMBDA_TELEMETRY_LOG_FD`, which are added.
    package var environment: [String: String]
    /// Its working folder.
    package var directory: String
    /// Where its temporary folder is made.
    package var temporaryParent: String
    package var limits: ProcessLimits

    package init(
        arguments: [String], environment: [String: String], directory: String, temporaryParent: String,
        limits: ProcessLimits = ProcessLimits()
    ) {
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.temporaryParent = temporaryParent
        self.limits = limits
    }
}

/// Why a process could not be started.
package struct ProcessStartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first argument.
    package let program: String
    /// The call that failed, or what could not be had.
    package let call: String
    /// The system's number (errno(3)).
    package let code: Int32
    /// One line: the program, the call, the system's words.
    package let description: String
}
