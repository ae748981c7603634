import Confinement
import Glibc
import TestSupport
import Testing

/// What a process begins with.
@Suite(.serialized) struct StartTests {
    @Test func environment_isWhatIsNamed_andItsOwnFolder() throws {
        let confined = try Confined(["/usr/bin/env"], environment: ["A": "1", "B": "two words"])
        #expect(try confined.end().cause == .exited(0))
        var lines = Set(confined.text().split(separator: "\n").map(String.init))
        let folder = try #require(lines.first { $0.hasPrefix("TMPDIR=\(confined.folder.path)/") })
        lines.remove(folder)
        #expect(lines == ["A=1", "B=two words", "_LAMBDA_TELEMETRY_LOG_FD=3"])
    }

    @Test func descriptors_areFour_andNoneOfTheHosts() throws {
        // One without close-on-exec, as a careless part of the host may have.
        let careless = unsafe open("/etc/passwd", O_RDONLY)
        defer { close(careless) }
        let confined = try Confined(shell: "cd /proc/self/fd && echo *; readlink 0")
        #expect(try confined.end().cause == .exited(0))
        // The shell has none of its own while it reads the folder, but that folder.
        let lines = confined.text().split(separator: "\n")
        let numbers = try #require(lines.first).split(separator: " ").compactMap { Int($0) }
        #expect(numbers.prefix(4) == [0, 1, 2, 3])
        #expect(numbers.count <= 5, "\(numbers)")
        #expect(lines.last == "/dev/null")
    }

    @Test func threePipes_areApart() throws {
        let confined = try Confined(shell: "echo out; echo err >&2; echo log >&3")
        try confined.end()
        #expect(confined.text() == "out\n")
        #expect(confined.text(\.errors) == "err\n")
        #expect(confined.text(\.telemetry) == "log\n")
    }

    @Test func workingFolder_isAsSaid() throws {
        let confined = try Confined(shell: "pwd", directory: "/usr/bin")
        try confined.end()
        #expect(confined.text() == "/usr/bin\n")
    }

    @Test func temporaryFolder_isItsOwn_andGoesWithIt() throws {
        let confined = try Confined(
            shell: """
                stat -c '%a %F' $TMPDIR; mkdir -p $TMPDIR/a/b/c; echo 1 > $TMPDIR/a/b/c/file; ln -s / $TMPDIR/root
                mkdir $TMPDIR/closed; echo 1 > $TMPDIR/closed/file; chmod 000 $TMPDIR/closed; umask; echo $TMPDIR
                """)
        try confined.end()
        let lines = confined.text().split(separator: "\n")
        #expect(lines.prefix(2) == ["700 directory", "0077"])
        #expect(lines.last?.hasPrefix(confined.folder.path) == true)
        Wait.until("the folder is gone") { Processes.names(confined.folder.path).isEmpty }
    }

    @Test func temporaryFolder_ofAnyDepth_goes() throws {
        let confined = try Confined(
            python: """
                import os
                os.chdir(os.environ["TMPDIR"])
                for i in range(3000):
                    os.mkdir("d"); os.chdir("d")
                open("file", "w").write("1")
                """)
        #expect(try confined.end().cause == .exited(0))
        Wait.until("the folder is gone") { Processes.names(confined.folder.path).isEmpty }
    }

    @Test func session_privileges_andSignals_areItsOwn() throws {
        // As the host, which reads its signals from a descriptor.
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe sigaddset(&blocked, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let confined = try Confined(["/bin/cat", "/proc/self/stat", "/proc/self/status"])
        let pid = confined.process.pid
        try confined.end()
        let lines = confined.text().split(separator: "\n")
        // Process group and session are fields 5 and 6, behind the name, state and parent.
        let fields = try #require(lines.first).split(separator: " ")
        #expect(fields[3] == "\(getpid())")
        #expect(fields[4] == "\(pid)" && fields[5] == "\(pid)")
        #expect(lines.contains("NoNewPrivs:\t1"))
        #expect(lines.contains("SigBlk:\t0000000000000000"))
        // Two are glibc's own (32 and 33), and stay as they are inherited.
        let ignored = lines.first { $0.hasPrefix("SigIgn:") }?.dropFirst(8)
        #expect(ignored.flatMap { UInt64($0, radix: 16) }.map { $0 & ~(3 << 31) } == 0)
        let niceness = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
        #expect(fields[18] == "\(min(niceness + 5, 19))")
    }

    @Test func program_isSearchedInItsOwnPath() throws {
        let confined = try Confined(["echo", "found"], environment: ["PATH": "relative:/nowhere:/usr/bin"])
        try confined.end()
        #expect(confined.text() == "found\n")
    }

    @Test func programThatIsNotThere_isNamed_withTheReason() throws {
        let expected = [
            (["/nowhere/program"], "/", "/nowhere/program: execve: No such file or directory"),
            (["nothing-here"], "/", "nothing-here: in no folder of PATH (/bin): No such file or directory"),
            (["/etc/passwd"], "/", "/etc/passwd: execve: Permission denied"),
            (["/bin/sh"], "/nowhere", "/bin/sh: chdir /nowhere: No such file or directory"),
            ([], "/", "a process: no program is named: Invalid argument"),
        ]
        let descriptors = Processes.descriptors
        for (arguments, directory, words) in Array(repeating: expected, count: 20).flatMap(\.self) {
            let folder = try TemporaryDirectory()
            let error = #expect(throws: ProcessStartError.self) {
                try ConfinedProcess(
                    ProcessStart(
                        arguments: arguments, environment: ["PATH": "/bin"], directory: directory,
                        temporaryParent: folder.path))
            }
            #expect(error?.description == words)
            #expect(Processes.names(folder.path) == [])
        }
        Wait.until("nobody is left unwaited for") { Processes.zombies.isEmpty }
        // Other tests of this process have some of their own.
        #expect(Processes.descriptors < descriptors + 50)
    }

    @Test func startThatNobodyWaitsFor_isTold() async throws {
        let folder = try TemporaryDirectory()
        let start = ProcessStart(
            arguments: ["/bin/true"], environment: [:], directory: "/", temporaryParent: folder.path)
        let process = try await withCheckedContinuation { continuation in
            ConfinedProcess.start(start) { continuation.resume(returning: $0) }
        }.get()
        Wait.until("its end") { process.reap() != nil }
        #expect(process.reap()?.cause == .exited(0))
    }

    @Test func manyQuickStarts_leaveNothing() throws {
        let folder = try TemporaryDirectory()
        let start = ProcessStart(
            arguments: ["/bin/true"], environment: [:], directory: "/", temporaryParent: folder.path)
        func one() throws {
            let process = try ConfinedProcess(start)
            Wait.until("its end") { process.reap() != nil }
            #expect(process.reap()?.cause == .exited(0))
        }
        try one()
        let descriptors = Processes.descriptors
        for _ in 0..<200 { try one() }
        Wait.until("nothing is left") { Processes.names(folder.path).isEmpty && Processes.zombies.isEmpty }
        // Other tests of this process have some of their own.
        #expect(Processes.descriptors < descriptors + 50)
    }
}
