import Glibc
import Testing

@testable import Command

@Suite struct SupervisorSpawnTests {
    /// Runs a shell's script to its end.
    static func ending(_ script: String, _ environment: [String: String] = [:], inheriting: [Int32] = [])
        throws -> Supervisor.Ending?
    {
        let pid = try SupervisorSpawn.start(
            "/bin/sh", ["sh", "-c", script], environment: environment, inheriting: inheriting
        ).get()
        awaitEnd(of: pid)
        return SupervisorSpawn.end(of: pid)
    }

    /// Waits without taking the news away.
    static func awaitEnd(of pid: pid_t) {
        var info = unsafe siginfo_t()
        let code = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT)
        #expect(code == 0)
    }

    @Test func end_isToldAsItWas() throws {
        #expect(try Self.ending("exit 0") == .exited(0))
        #expect(try Self.ending("exit 200") == .exited(200))
        #expect(try Self.ending("kill -9 $$") == .killed(signal: 9))
    }

    @Test func running_isNoEnd() throws {
        let pid = try SupervisorSpawn.start(
            "/bin/sh", ["sh", "-c", "kill -STOP $$"], environment: [:], inheriting: []
        ).get()
        #expect(SupervisorSpawn.end(of: pid) == nil)
        kill(pid, SIGKILL)
        Self.awaitEnd(of: pid)
        #expect(SupervisorSpawn.end(of: pid) == .killed(signal: 9))
        #expect(SupervisorSpawn.end(of: pid) == .failed(reason: "it is no child of this process"))
    }

    @Test func environment_isExactlyTheGiven() throws {
        let script = "[ \"$A\" = 'b c' ] && [ -z \"$HOME\" ]"
        #expect(try Self.ending(script, ["A": "b c"]) == .exited(0))
        #expect(try Self.ending(script, ["A": "b c", "HOME": "/"]) == .exited(1))
    }

    @Test func descriptors_areInherited_underTheirNumbers_andNoOthers() throws {
        let given = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        let kept = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(given)
            close(kept)
        }
        let script = "[ -e /proc/self/fd/\(given) ] && [ ! -e /proc/self/fd/\(kept) ]"
        #expect(try Self.ending(script, ["PATH": "/usr/bin:/bin"], inheriting: [given]) == .exited(0))
    }

    @Test func programThatIsNotThere_isAFailure() {
        let started = SupervisorSpawn.start("/nowhere/at/all", [], environment: [:], inheriting: [])
        #expect(throws: SpawnFailure.self) { try started.get() }
    }

    @Test func state_isTheSystems() {
        #expect(SupervisorSpawn.state("Pid", of: getpid()) == "\(getpid())")
        #expect(SupervisorSpawn.state("TracerPid", of: getpid()) != nil)
        #expect(SupervisorSpawn.state("Tracer", of: getpid()) == nil)
        #expect(SupervisorSpawn.state("Pid", of: -1) == nil && !SupervisorSpawn.isTraced(-1))
    }

    @Test func wait_ends_withSomethingToRead_orWithItsTime() {
        var ends: [Int32] = [-1, -1]
        let code = unsafe pipe(&ends)
        #expect(code == 0)
        SupervisorSpawn.wait(for: [ends[0]], atMost: .zero)
        SupervisorSpawn.wait(for: [ends[0]], atMost: .milliseconds(-5))
        var byte: UInt8 = 1
        let written = unsafe write(ends[1], &byte, 1)
        #expect(written == 1)
        SupervisorSpawn.wait(for: [ends[0]], atMost: nil)
        SupervisorSpawn.wait(for: [ends[0]], atMost: .seconds(Int64.max / 1_000_000))
        close(ends[0])
        close(ends[1])
    }
}
