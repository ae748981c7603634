internal import Base
internal import CLinux
internal import Glibc

/// Starts processes, all from one thread: they are killed when the thread that has started them ends (prctl(2),
/// PR_SET_PDEATHSIG), and that one lives as long as the host.
enum ProcessStarter {
    /// What there is of a process when it runs.
    struct Started: Sendable {
        var pid: Int32
        var ended: Int32
        var output: Int32
        var errors: Int32
        var telemetry: Int32
        var mark: Mark
        var temporary: TemporaryFolder
        var group: ControlGroup?
        /// Whether the kernel keeps it from starting processes.
        var isAlone: Bool
        /// The highest memory that the host had; until its execve, the process was said to have that.
        var hostsMemory: Int
    }

    // The process's variables; none of the host's.
    private static let pathVariable = "PATH"
    private static let temporaryVariable = "TMPDIR"
    private static let telemetryVariable = "_LAMBDA_TELEMETRY_LOG_FD"

    private static let thread: Result<WorkThread, SystemError> = {
        guard clinux_adopt_orphans() == 0 else {
            return .failure(SystemError("prctl PR_SET_CHILD_SUBREAPER"))
        }
        do throws(SystemError) { return .success(try WorkThread(named: "process-starter")) } catch {
            return .failure(error)
        }
    }()

    /// Starts a process, and calls `then` on the thread that starts them: it must be quick.
    static func start(
        _ start: ProcessStart, then: @escaping @Sendable (Result<Started, ProcessStartError>) -> Void
    ) {
        switch thread {
        case .success(let thread):
            thread.run {
                do throws(ProcessStartError) { then(.success(try Self.start(start))) } catch {
                    then(.failure(error))
                }
            }
        case .failure(let error): then(.failure(ProcessStartError(start, error.call, error.code)))
        }
    }

    private static func start(_ start: ProcessStart) throws(ProcessStartError) -> Started {
        var descriptors: [Int32] = []
        var temporary: TemporaryFolder?
        var group: ControlGroup?
        do throws(ProcessStartError) {
            let program = try Self.program(of: start)
            do throws(SystemError) {
                for _ in 0..<3 { descriptors += try Self.pipe() }
                descriptors.append(unsafe open("/dev/null", O_RDONLY | O_CLOEXEC))
                guard descriptors.last != -1 else { throw SystemError("/dev/null") }
                temporary = try TemporaryFolder(in: start.temporaryParent)
            } catch { throw ProcessStartError(start, error.call, error.code) }
            guard let temporary else { throw ProcessStartError(start, "mkdtemp", EINVAL) }
            group = ControlGroup(limits: start.limits)
            let started = try Self.start(start, program, descriptors, temporary, group)
            for descriptor in [1, 3, 5, 6].map({ descriptors[$0] }) { close(descriptor) }
            return started
        } catch {
            for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
            _ = temporary?.remove()
            _ = group?.remove()
            throw error
        }
    }

    /// The two ends of a pipe: the one to read does not block, the other one does, as programs expect.
    private static func pipe() throws(SystemError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { throw SystemError("pipe2") }
        let flags = fcntl(ends[1], F_GETFL)
        _ = fcntl(ends[1], F_SETFL, flags & ~O_NONBLOCK)
        return ends
    }

    /// The file of a program: as it is where it names a folder, and otherwise of the first folder of `PATH` that has it.
    private static func program(of start: ProcessStart) throws(ProcessStartError) -> String {
        guard let name = start.arguments.first, !name.isEmpty else {
            throw ProcessStartError(start, "no program is named", EINVAL)
        }
        // A C string would end at a NUL, and be another name or value.
        let texts = start.arguments + start.environment.flatMap { [$0, $1] } + [start.directory]
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw ProcessStartError(start, "a text with a NUL", EINVAL)
        }
        if name.utf8.contains(UInt8(ascii: "/")) { return name }
        let path = start.environment[pathVariable] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") where folder.first == "/" {
            let file = "\(folder)/\(name)"
            var status = stat()
            if unsafe stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                unsafe access(file, X_OK) == 0
            {
                return file
            }
        }
        throw ProcessStartError(start, "in no folder of PATH (\(path))", ENOENT)
    }

    private static func start(
        _ start: ProcessStart, _ program: String, _ descriptors: [Int32], _ temporary: TemporaryFolder,
        _ group: ControlGroup?
    ) throws(ProcessStartError) -> Started {
        var environment = start.environment
        environment[Self.temporaryVariable] = temporary.path
        environment[Self.telemetryVariable] = "3"
        let memory = start.limits.memory
        let hostsMemory = ProcessRow.highestMemory(of: getpid()) ?? 0
        var started: Started?
        var failure = ProcessStartError(start, "clone", EAGAIN)
        Instances.start { mark in
            var request = unsafe clinux_start()
            unsafe request.descriptors = (descriptors[6], descriptors[1], descriptors[3], descriptors[5])
            unsafe request.group = group?.openFolder() ?? -1
            defer { if unsafe request.group >= 0 { unsafe close(request.group) } }
            unsafe request.parent = getpid()
            unsafe request.niceness = ConfinementLimits.niceness
            unsafe request.files = UInt64(clamping: start.limits.files)
            unsafe request.file_bytes =
                start.limits.temporaryBytes > 0 ? UInt64(clamping: start.limits.temporaryBytes) : .max
            unsafe request.data = memory.map(ConfinementLimits.data(memory:)) ?? .max
            unsafe request.mark = mark.value
            unsafe request.alone = start.limits.processes <= 1 ? 1 : 0
            var ended: Int32 = -1
            let pid = unsafe Self.call(
                &request, &ended, program, start.arguments, environment, start.directory)
            guard pid > 0 else {
                let call = unsafe request.failed.map { unsafe String(cString: $0) } ?? "clone"
                let subject = call == "chdir" ? "chdir \(start.directory)" : call
                failure = unsafe ProcessStartError(start, subject, request.error)
                return nil
            }
            started = unsafe Started(
                pid: pid, ended: ended, output: descriptors[0], errors: descriptors[2],
                telemetry: descriptors[4], mark: mark, temporary: temporary,
                group: request.is_grouped != 0 ? group : nil, isAlone: request.is_filtered != 0,
                hostsMemory: hostsMemory)
            return pid
        }
        guard let started else { throw failure }
        if started.group == nil { _ = group?.remove() }
        return started
    }

    /// Calls with the texts as C strings, which are valid inside.
    private static func call(
        _ request: inout clinux_start, _ ended: inout Int32, _ program: String, _ arguments: [String],
        _ environment: [String: String], _ directory: String
    ) -> Int32 {
        var argumentStrings = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var variableStrings = unsafe environment.map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer {
            unsafe (argumentStrings + variableStrings).forEach { unsafe free($0) }
        }
        return unsafe argumentStrings.withUnsafeMutableBufferPointer { argumentStrings in
            unsafe variableStrings.withUnsafeMutableBufferPointer { variableStrings in
                unsafe program.withCString { program in
                    unsafe directory.withCString { directory in
                        unsafe request.program = program
                        unsafe request.directory = directory
                        unsafe request.arguments = UnsafePointer(argumentStrings.baseAddress)
                        unsafe request.environment = UnsafePointer(variableStrings.baseAddress)
                        return unsafe clinux_start_process(&request, &ended)
                    }
                }
            }
        }
    }
}

extension ProcessStartError {
    init(_ start: ProcessStart, _ call: String, _ code: Int32) {
        let program = start.arguments.first ?? ""
        self.init(
            program: program, call: call, code: code,
            description: "\(program.isEmpty ? "a process" : program): \(call): \(SystemError.words(code))")
    }
}
