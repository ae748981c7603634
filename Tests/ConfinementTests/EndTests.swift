import Confinement
import Glibc
import TestSupport
import Testing

/// How processes end, and that nothing outlives them.
@Suite(.serialized) struct EndTests {
    @Test func exitCode_andSignal_areTold() throws {
        #expect(try Confined(shell: "exit 7").end().cause == .exited(7))
        let ending = try Confined(shell: "kill -SEGV $$").end()
        #expect(ending.cause == .killed(signal: SIGSEGV))
        #expect(ending.words == "signal 11 (Segmentation fault)")
    }

    @Test func descriptorOfTheEnd_canBeRead_whenItHasEnded() throws {
        let confined = try Confined(["/bin/cat", "/dev/null"])
        var waiting = pollfd(fd: confined.process.ended, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&waiting, 1, 30_000) == 1)
        #expect(confined.process.reap()?.cause == .exited(0))
        #expect(confined.process.usage() == nil)
    }

    @Test func terminate_asks_andKillDoesNot() throws {
        let confined = try Confined(
            python: """
                import signal
                signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
                print("ready", flush=True)
                while True: signal.pause()
                """)
        confined.wait(for: "ready")
        confined.process.terminate()
        confined.wait(for: "asked")
        #expect(confined.process.reap() == nil)
        confined.process.kill()
        #expect(try confined.end().cause == .killed(signal: SIGKILL))
    }

    @Test(arguments: ["", "env.clear();", "limit();"])
    func daemonThatHasGoneElsewhere_isKilledToo(disguise: String) throws {
        let confined = try Confined(
            python: """
                import os, signal, resource
                class env:
                    clear = staticmethod(lambda: os.environ.clear())
                def limit(): resource.setrlimit(15, (1000000, 1000000))
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        os.chdir("/"); \(disguise)
                        if os.fork() == 0:
                            os.setsid()
                        print("daemon", os.getpid(), flush=True)
                        os.environ.pop("TMPDIR", None)
                        os.execve("/bin/sleep", ["sleep", "1000"], {})
                    os._exit(0)
                os.wait()
                print("ready", flush=True)
                signal.pause()
                """)
        Wait.until("all is there") {
            let lines = confined.text().split(separator: "\n")
            return lines.count == 3 && lines.contains("ready")
        }
        let daemons = confined.text().split(separator: "\n").compactMap {
            $0.hasPrefix("daemon ") ? Int32($0.dropFirst(7)) : nil
        }
        #expect(daemons.count == 2)
        confined.process.kill()
        #expect(try confined.end().cause == .killed(signal: SIGKILL))
        Wait.until("the daemons are gone") { !daemons.contains(where: Processes.isThere) }
        Wait.until("nobody is left unwaited for") { Processes.zombies.allSatisfy { !daemons.contains($0) } }
    }

    @Test func daemonOfAProcessThatHasEnded_isKilled() throws {
        let confined = try Confined(shell: "setsid sleep 1001 >/dev/null 2>&1 3>&1 & echo $!")
        try confined.end()
        let daemon = try #require(Int32(confined.text().split(separator: "\n").first ?? ""))
        Wait.until("it is gone") { !Processes.isThere(daemon) }
        #expect(ProcessCleaning.wait(atMost: .seconds(30)))
    }

    @Test func foldersOfDeadHosts_areRemoved() throws {
        let folder = try TemporaryDirectory()
        let ended = try Confined(["/bin/true"])
        try ended.end()
        for name in ["instance-\(ended.process.pid)-abc", "instance-\(getpid())-abc", "instance-x", "other"] {
            #expect(unsafe mkdir(folder.file(name), 0o700) == 0)
        }
        #expect(unsafe mkdir(folder.file("instance-\(ended.process.pid)-abc/in"), 0o700) == 0)
        ProcessCleaning.removeLeftOver(in: folder.path)
        #expect(Set(Processes.names(folder.path)) == ["instance-\(getpid())-abc", "instance-x", "other"])
    }

    @Test func processThatNobodyHolds_isKilled() throws {
        var confined: Confined? = try Confined(["/bin/sleep", "1000"])
        let pid = try #require(confined?.process.pid)
        let folder = try #require(confined?.folder)
        confined = nil
        Wait.until("it is gone") { !Processes.isThere(pid) && Processes.names(folder.path).isEmpty }
    }

    @Test func otherChildren_andTheirOrphans_areLeftAlone() throws {
        // As anything else in the host may start: not by this module.
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("sleep"), strdup("1000"), nil]
        #expect(unsafe posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, nil) == 0)
        unsafe arguments.forEach { unsafe free($0) }
        let confined = try Confined(["/bin/sleep", "1000"])
        let watched = try Watched()
        watched.watch.add(confined.process)
        confined.process.kill()
        try confined.end()
        #expect(Processes.isThere(pid))
        kill(pid, SIGKILL)
        var status: Int32 = 0
        #expect(unsafe waitpid(pid, &status, 0) == pid)
        #expect(status & 0x7f == SIGKILL)
    }

    @Test func endsWithTheHost() throws {
        // PR_SET_PDEATHSIG, as the kernel has it, cannot be asked of another process; the thread that starts processes is
        // the host's for good, so this process is there still after the thread that asked for it has ended.
        let confined = try Confined(["/bin/sleep", "1000"])
        #expect(Processes.isThere(confined.process.pid))
        confined.process.kill()
        try confined.end()
    }
}
